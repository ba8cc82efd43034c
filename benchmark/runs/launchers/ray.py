"""The launcher on a Ray cluster: every task is a Ray task, and what it needs is an object that Ray waits for.

Where and when a task runs is Ray's to decide, and so is running the tasks of a lost machine elsewhere. A task whose process
died more often than that, for lack of memory, say, is run once more with nothing beside it, and then recorded as failed.
"""

from __future__ import annotations

import queue
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import ray
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from benchmark.common.errors import UserError
from benchmark.common.progress import Bar
from benchmark.config.schema import Preset
from benchmark.runs.checkpoints import Checkpoints
from benchmark.runs.execute import record_failure
from benchmark.runs.launchers.carried import Carried, pack, unpack_files, unpack_folder
from benchmark.runs.launchers.connect import MARKER, all_see, connected, machines, marker, workers_environment
from benchmark.runs.launchers.desk import Desk, Message
from benchmark.runs.launchers.losses import KILLED, outcome, ready
from benchmark.runs.launchers.needs import needs_of
from benchmark.runs.launchers.ray_task import Done, Setting, work
from benchmark.runs.model_spec import ModelSpec
from benchmark.runs.plan import Plan, Task
from benchmark.runs.workers import OnDone, perform

RETRIES = 3  # of a task whose process or machine was lost
PATIENCE = 5.0  # seconds between interrupts of a task that was refused
Deaths = dict[Task, str]  # tasks whose process died each time, and why


class RayLauncher:
    """Executes a plan on a Ray cluster."""

    def __init__(
        self,
        preset: Preset,
        folder: Path,
        bar: Bar,
        may_begin: Callable[[Task], bool],
        perform: Callable[[Checkpoints, Any], Any] = perform,
    ):
        self.preset, self.bar, self.may_begin, self.perform = preset, bar, may_begin, perform
        self.checkpoints = Checkpoints(preset, folder.resolve())
        self._refs: dict[Task, ray.ObjectRef] = {}
        self._open: set[Task] = set()  # given to Ray and not back
        self._begun: set[Task] = set()
        self._refused = False
        self._events: queue.SimpleQueue[tuple[Task | None, Future]] = queue.SimpleQueue()
        self._left = ExitStack()
        self._desk: Any = None

    def __enter__(self) -> RayLauncher:
        launch, folder = self.preset.launch, self.checkpoints.folder
        with ExitStack() as stack:
            stack.enter_context(connected(launch))
            environment = workers_environment()
            for left in folder.glob(f"{MARKER}*"):  # by a driver that was killed: this one has the folder's lock
                left.unlink(missing_ok=True)
            seen, shared = stack.enter_context(marker(folder)), launch.shared_folder
            if shared is None:
                with marker(self.checkpoints.store.root) as beside:  # where a sweep's models are, say
                    shared = all_see(seen) and all_see(beside)
            local = launch.model_copy(
                update={
                    "launcher": "local",
                    "device": self.checkpoints.device,
                    "models": str(self.checkpoints.store.root.resolve()),
                }
            )
            preset = self.preset.model_copy(update={"launch": local})
            setting = Setting(preset, folder, seen if shared else None, self.checkpoints.arithmetic, self.perform)
            here = NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=False)
            desk: Any = ray.remote(Desk)
            self._desk = desk.options(num_cpus=0, runtime_env=environment, scheduling_strategy=here).remote()
            stack.callback(ray.kill, self._desk)
            stack.callback(self._cancel, self._open)
            self._work, self._environment = ray.remote(work), environment
            self._setting, self._shared = ray.put(setting), shared
            self._left = stack.pop_all()
        self._listen()
        total = ray.cluster_resources()
        self.bar.log(
            f"Ray cluster of {len(machines())} nodes, {total.get('CPU', 0):g} CPUs, {total.get('GPU', 0):g} GPUs; "
            + ("files in the shared folder" if shared else "no shared folder: files go through Ray's object store")
        )
        return self

    def __exit__(self, *_: Any) -> None:
        self._left.close()

    def run(self, plan: Plan, on_done: OnDone) -> int:
        """Do the plan's tasks; ``on_done`` is called after each, with where it ran.

        Returns:
            How many were left undone, because one was refused.

        Raises:
            UserError: a model could not be made; what does not need it was done.
        """
        self._numbers = {task: number for number, task in enumerate(plan.tasks)}
        self._warn_of_needs(plan.tasks)
        waiting = dict.fromkeys(plan.tasks)
        died, failed = self._do(list(waiting), plan, waiting, on_done, RETRIES), Deaths()
        while died and not self._refused:
            task = next(iter(died))
            del died[task]
            failed |= self._do([task], plan, waiting, on_done, 0)
            died |= self._do(ready(waiting, plan, {*died, *failed}), plan, waiting, on_done, RETRIES)
        for task, reason in failed.items():
            if not isinstance(task, ModelSpec):
                del waiting[task]
                on_done(task, record_failure(task, self.checkpoints, reason))
        if models := [f"{task.label}: {reason}" for task, reason in failed.items() if isinstance(task, ModelSpec)]:
            raise UserError(
                "a model could not be made, also with nothing beside it. Give its task more memory (launch.memory, in "
                "GiB) and run the same command again: what is finished is kept\n" + "\n".join(models)
            )
        return len(waiting)

    def _do(
        self, tasks: Iterable[Task], plan: Plan, waiting: dict[Task, None], on_done: OnDone, retries: int
    ) -> Deaths:
        """Give the tasks to Ray and wait for all of them; those that are done leave ``waiting``."""
        died: Deaths = {}
        for task in tasks:
            self._submit(task, plan, retries)
        while self._open:
            try:
                task, future = self._events.get(timeout=PATIENCE)
            except queue.Empty:
                if self._refused:  # an interrupt that came before its task could hear it is lost
                    self._cancel(self._open - self._begun)
                continue
            if task is None:
                self._hear(future.result(), plan)
                continue
            self._open.discard(task)
            try:
                done = outcome(future, task.label)
            except KILLED as error:
                died[task] = f"{type(error).__name__}: {str(error).splitlines()[0]}"
                self.bar.log(f"{task.label}: its process was lost each time, {retries + 1} in all")
                continue
            if done is not None:
                self._keep(done, task)
                del waiting[task]
                self.bar.idle(done.where)
                on_done(task, done.record, done.where)
        return died

    def _submit(self, task: Task, plan: Plan, retries: int) -> None:
        needs = needs_of(task, self.preset, self.checkpoints.device).options()
        call = self._work.options(name=task.label, max_retries=retries, runtime_env=self._environment, **needs)
        carried, needed = Carried.of_task(task), self._needed(task, plan)
        ref = call.remote(self._setting, self._desk, self._numbers[task], carried, *needed)
        self._refs[task] = ref
        self._open.add(task)
        ref.future().add_done_callback(lambda future: self._events.put((task, future)))

    def _needed(self, task: Task, plan: Plan) -> list[ray.ObjectRef]:
        """What must be there before the task begins; without a shared folder also what was made by earlier commands."""
        if self._shared:
            return [self._refs[model] for model in plan.needs[task] if model in self._refs]
        parent = task.parent if isinstance(task, ModelSpec) else None
        models = ([parent] if parent else []) if isinstance(task, ModelSpec) else task.models
        for model in models:
            if model not in self._refs and not self.checkpoints.published(model):
                folder = self.checkpoints.store.folder(model.label, self.checkpoints.key(model))
                self._refs[model] = ray.put(Done("", model=folder.name, files=pack(folder, "")))
        return [self._refs[model] for model in models if model in self._refs]

    def _keep(self, done: Done, task: Task) -> None:
        """Write what came through the object store, which keeps only what other tasks may need."""
        if not isinstance(task, ModelSpec):
            unpack_files(done.files, self.checkpoints.folder)
            del self._refs[task]
        elif done.files:
            unpack_folder(done.files, self.checkpoints.store.root / done.model)

    def _listen(self) -> None:
        self._desk.collect.remote().future().add_done_callback(lambda future: self._events.put((None, future)))

    def _hear(self, messages: list[Message], plan: Plan) -> None:
        """Show what the tasks reported; one whose turn has come may be refused, and all that wait with it."""
        for message in messages:
            task = plan.tasks[message.number]
            self.bar.advance(message.units)
            if task not in self._open:
                continue
            if message.kind == "phase":
                self.bar.phase(f"{message.where} {message.run}", message.phase, message.where)
            elif message.kind == "begin" and task not in self._begun and not self._refused:
                self._refused = not self.may_begin(task)
                if not self._refused:
                    self._begun.add(task)
                else:
                    self._cancel(self._open - self._begun)
        self._listen()

    def _cancel(self, tasks: Iterable[Task]) -> None:
        for task in list(tasks):
            ray.cancel(self._refs[task], force=False)

    def _warn_of_needs(self, tasks: Iterable[Task]) -> None:
        """Say which needs no machine meets: such tasks wait for one to join, which a cluster in this process has not."""
        wanted = {needs_of(task, self.preset, self.checkpoints.device) for task in tasks}
        unmet = [needs for needs in wanted if not any(needs.met_by(node["Resources"]) for node in machines())]
        if unmet and self.preset.launch.address == "none":
            raise UserError(f"this machine has less than a task needs ({unmet[0]}); see launch.cpus, .gpus and .memory")
        if unmet:
            self.bar.log(
                f"no node has what some tasks need ({unmet[0]}): they wait for one; see launch.cpus, .gpus, .memory"
            )
