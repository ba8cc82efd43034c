"""Where runs execute: in this process, or in several. Results do not depend on it."""

from __future__ import annotations

import multiprocessing
import os
import pickle
import queue
import signal
import threading
import time
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from pathlib import Path
from typing import Any

from benchmark.common.devices import resolve_device
from benchmark.common.errors import UserError
from benchmark.common.progress import Bar, QueueReporter
from benchmark.config.schema import Preset
from benchmark.models.ranks import in_group
from benchmark.records.record import Record
from benchmark.runs.checkpoints import Checkpoints
from benchmark.runs.execute import execute, record_failure
from benchmark.runs.limits import limit_memory, ran_out_of_memory
from benchmark.runs.model_spec import ModelSpec
from benchmark.runs.plan import Plan, Task
from benchmark.runs.process_ends import end_with_parent, meaning_of

OnDone = Callable[..., None]  # (task, record), and with Ray where it ran
_worker: Checkpoints | None = None  # of this process, where it is a worker
CANNOT_BEGIN = (
    "a worker process ended before it began; what it said stands above. A script that calls run_board keeps it below "
    '`if __name__ == "__main__":`; `--workers 0` runs everything in this process'
)


def worker_count(preset: Preset, device: str) -> int:
    """Processes to use: several only where each computes on one CPU thread; 0: none but this one, which a run may then end."""
    if preset.launch.workers is not None:
        return preset.launch.workers
    cores = (os.cpu_count() or 1) // preset.launch.shards
    return max(1, cores) if device == "cpu" and preset.launch.threads == 1 else 1


def set_threads(preset: Preset) -> None:
    """Fix torch's threads: they decide the order of float sums, and so the last digits."""
    import torch

    if preset.launch.threads is not None:
        torch.set_num_threads(preset.launch.threads)


def on_own_gpu(preset: Preset, number: int) -> Preset:
    """The preset for worker ``number``: workers take the machine's GPUs in turn, and share them if they are more.

    A worker whose models are sharded takes as many, of which the device is the first.
    """
    import torch

    if resolve_device(preset.launch.device) != "cuda" or torch.cuda.device_count() < 2:
        return preset
    shards = preset.launch.shards
    device = f"cuda:{number % (torch.cuda.device_count() // shards) * shards}"
    return preset.model_copy(update={"launch": preset.launch.model_copy(update={"device": device})})


def perform(checkpoints: Checkpoints, task: Task) -> Record | None:
    """Do one task: make a model, or execute a run; in processes of their own where its models are sharded."""
    if checkpoints.preset.launch.shards > 1 and not in_group():
        from benchmark.runs.launchers.sharded import perform_sharded

        return perform_sharded(checkpoints, task)
    if isinstance(task, ModelSpec):
        checkpoints.make(task)
        return None
    return execute(task, checkpoints)


class Launcher:
    """Executes a plan, each task as soon as what it needs is there."""

    def __init__(self, preset: Preset, folder: Path, bar: Bar, workers: int, may_begin: Callable[[Task], bool]):
        self.preset, self.folder, self.bar, self.workers = preset, folder, bar, workers
        self.may_begin = may_begin  # asked right before each task
        self._pool: ProcessPoolExecutor | None = None
        self._messages: Any = None
        self._began: Any = None  # set once a worker of the pool has
        self._here: Checkpoints | None = None

    def __enter__(self) -> Launcher:
        if self.workers == 0:
            set_threads(self.preset)
            self._here = Checkpoints(self.preset, self.folder, self.bar)
        else:
            self._open(self.workers)
        return self

    def __exit__(self, kind: Any, *_: Any) -> None:
        if kind is not None:  # an error or Ctrl-C: what runs now is lost, what is written is whole
            for process in multiprocessing.active_children():
                process.terminate()
        self._close()
        if self._here is not None and self.preset.launch.shards > 1:
            from benchmark.runs.launchers.sharded import end_ranks

            end_ranks()

    def _open(self, workers: int) -> None:
        context = multiprocessing.get_context("spawn")  # forked torch threads hang
        # New ones for each pool: a worker that is killed may leave a queue locked for good.
        self._messages, numbers, self._began = context.Queue(), context.Queue(), context.Event()
        for number in range(workers):
            numbers.put(number)
        given = (self.preset, self.folder, self._messages, numbers, self._began)
        self._pool = ProcessPoolExecutor(workers, context, _begin_worker, given)
        threading.Thread(target=self._listen, args=(self._messages,), daemon=True).start()

    def _close(self) -> None:
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)
            self._messages.put(None)
            self._pool = None

    def _listen(self, messages: Any) -> None:
        with suppress(EOFError, OSError, pickle.UnpicklingError):  # half a message, of a worker that was killed
            while (message := messages.get()) is not None:
                self.bar.receive(message)

    def _submit(self, task: Task) -> Future:
        if self._pool is None:
            self._open(self.workers)
        try:
            return self._pool.submit(_work, task)
        except BrokenProcessPool as error:  # a worker died since the last look
            future: Future = Future()
            future.set_exception(error)
            return future

    def _alone(self, task: Task) -> Record | None:
        """Do a task once more, with no other beside it, since a process died while it ran.

        Raises:
            UserError: it is no run but a model, which others need, or no worker can begin at all.
        """
        self._close()
        self._open(1)
        future = self._pool.submit(_work, task)
        workers = multiprocessing.active_children()
        try:
            return future.result()
        except MemoryError:  # too little was left even to write that down
            return self._failed(task, "MemoryError: it ran out of memory, and again when it ran alone")
        except BrokenProcessPool:
            if not self._began.is_set():
                raise UserError(CANNOT_BEGIN) from None
            end = time.monotonic() + 10
            # The pool's own thread reaps its worker: between that and the code's being set neither of the two knows it.
            while all(worker.exitcode is None for worker in workers) and time.monotonic() < end:
                time.sleep(0.05)
            codes = [worker.exitcode for worker in workers if worker.exitcode is not None]
        code, limit = codes[0] if codes else None, self.preset.launch.run_limit
        reason = f"its process died, and died again when it ran alone: {meaning_of(code)}"
        if code == 1 and limit is not None:
            reason += f", as of one that is deaf to its limit of {limit:g} minutes"
        return self._failed(task, reason)

    def _failed(self, task: Task, reason: str) -> Record:
        if isinstance(task, ModelSpec):
            raise UserError(f"training {task.label}: {reason}. What is finished is kept") from None
        return record_failure(task, Checkpoints(self.preset, self.folder), reason)

    def run(self, plan: Plan, on_done: OnDone) -> int:
        """Do the plan's tasks; ``on_done`` is called after each.

        Returns:
            How many were left undone, because one was refused: those after it are worth less, or need it.
        """
        waiting = dict.fromkeys(plan.tasks)
        if self._here is not None:
            while waiting and self.may_begin(task := next(iter(waiting))):
                del waiting[task]
                on_done(task, perform(self._here, task))
            return len(waiting)
        # No more tasks than workers at a time: the others wait here, where they can still be refused.
        running: dict[Future, Task] = {}
        missing = {task: set(needs) for task, needs in plan.needs.items()}
        refused = False
        while True:
            ready = (task for task in list(waiting) if not missing[task])
            while len(running) < self.workers and not refused and (task := next(ready, None)):
                refused = not self.may_begin(task)
                if not refused:
                    del waiting[task]
                    running[self._submit(task)] = task
            if not running:
                return len(waiting)
            done = wait(running, return_when=FIRST_COMPLETED).done
            if broken := any(isinstance(future.exception(), BrokenProcessPool) for future in done):
                done = set(running)  # the pool ends with the worker that died, and nobody knows whose task it had
            for future in sorted(done, key=list(running).index):
                task = running.pop(future)
                error = future.exception()  # waits for a pool that is about to end
                record = None if isinstance(error, BrokenProcessPool | MemoryError) else future.result()
                if isinstance(error, BrokenProcessPool):
                    record = self._alone(task)
                elif error is not None or (record is not None and ran_out_of_memory(record.reason)):
                    wait(running)  # the pool ends with the process that may still hold what it took
                    record, broken = self._alone(task), True
                for needs in missing.values():
                    needs.discard(task)
                on_done(task, record)
            if broken:
                self._close()  # a pool of one, or a dead one; the next task opens another


def _begin_worker(preset: Preset, folder: Path, messages: Any, numbers: Any, began: Any) -> None:
    global _worker
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the parent, which ends its workers
    threading.Thread(target=end_with_parent, daemon=True).start()
    try:
        number = numbers.get(timeout=60)
    except queue.Empty:
        number = 0
    set_threads(preset)
    limit_memory(preset.launch.memory)
    _worker = Checkpoints(on_own_gpu(preset, number), folder, QueueReporter(messages, number))
    began.set()


def _work(task: Task) -> Record | None:
    if _worker is None:
        raise RuntimeError("this process is not a worker")
    try:
        return perform(_worker, task)
    except RuntimeError as error:  # torch's word for it on a CPU; the launcher knows Python's
        if ran_out_of_memory(str(error)):
            raise MemoryError(str(error)) from error
        raise
