"""Where runs execute: in this process, or in several. Results do not depend on it."""

from __future__ import annotations

import multiprocessing
import os
import queue
import signal
import threading
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any

from benchmark.common.devices import resolve_device
from benchmark.common.errors import UserError
from benchmark.common.progress import Bar, QueueReporter
from benchmark.config.schema import Preset
from benchmark.records.record import Record
from benchmark.runs.checkpoints import Checkpoints, ModelSpec
from benchmark.runs.execute import execute
from benchmark.runs.plan import Plan, Task

OnDone = Callable[..., None]  # (task, record), and with Ray where it ran
_worker: Checkpoints | None = None  # of this process, where it is a worker


def worker_count(preset: Preset, device: str) -> int:
    """Processes to use: several only where each computes on one CPU thread."""
    if preset.launch.workers is not None:
        return preset.launch.workers
    return (os.cpu_count() or 1) if device == "cpu" and preset.launch.threads == 1 else 1


def set_threads(preset: Preset) -> None:
    """Fix torch's threads: they decide the order of float sums, and so the last digits."""
    import torch

    if preset.launch.threads is not None:
        torch.set_num_threads(preset.launch.threads)


def on_own_gpu(preset: Preset, number: int) -> Preset:
    """The preset for worker ``number``: workers take the machine's GPUs in turn, and share them if they are more."""
    import torch

    if resolve_device(preset.launch.device) != "cuda" or torch.cuda.device_count() < 2:
        return preset
    device = f"cuda:{number % torch.cuda.device_count()}"
    return preset.model_copy(update={"launch": preset.launch.model_copy(update={"device": device})})


def perform(checkpoints: Checkpoints, task: Task) -> Record | None:
    """Do one task: make a model, or execute a run."""
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
        self._here: Checkpoints | None = None

    def __enter__(self) -> Launcher:
        if self.workers == 1:
            set_threads(self.preset)
            self._here = Checkpoints(self.preset, self.folder, self.bar)
            return self
        context = multiprocessing.get_context("spawn")  # forked torch threads hang
        self._messages = context.Queue()
        numbers = context.Queue()
        for number in range(self.workers):
            numbers.put(number)
        self._pool = ProcessPoolExecutor(
            self.workers, context, _begin_worker, (self.preset, self.folder, self._messages, numbers)
        )
        threading.Thread(target=self._listen, daemon=True).start()
        return self

    def __exit__(self, kind: Any, *_: Any) -> None:
        if self._pool is None:
            return
        if kind is not None:  # an error or Ctrl-C: what runs now is lost, what is written is whole
            for process in multiprocessing.active_children():
                process.terminate()
        self._pool.shutdown(wait=True, cancel_futures=True)
        self._messages.put(None)

    def _listen(self) -> None:
        while (message := self._messages.get()) is not None:
            self.bar.receive(message)

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
        try:
            while True:
                ready = (task for task in list(waiting) if not missing[task])
                while len(running) < self.workers and not refused and (task := next(ready, None)):
                    refused = not self.may_begin(task)
                    if not refused:
                        del waiting[task]
                        running[self._pool.submit(_work, task)] = task
                if not running:
                    return len(waiting)
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    record, task = future.result(), running.pop(future)
                    for needs in missing.values():
                        needs.discard(task)
                    on_done(task, record)
        except BrokenProcessPool:
            raise UserError(
                "a worker process died, most likely for lack of memory; run the same command again with --workers 1: "
                "what is finished is kept"
            ) from None


def _begin_worker(preset: Preset, folder: Path, messages: Any, numbers: Any) -> None:
    global _worker
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the parent, which ends its workers
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        number = numbers.get(timeout=60)
    except queue.Empty:
        number = 0
    set_threads(preset)
    _worker = Checkpoints(on_own_gpu(preset, number), folder, QueueReporter(messages, number))


def _end_with_parent() -> None:
    """A parent that was killed cannot end its workers; they would go on with nobody to read their results."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _work(task: Task) -> Record | None:
    if _worker is None:
        raise RuntimeError("this process is not a worker")
    return perform(_worker, task)
