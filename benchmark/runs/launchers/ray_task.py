"""What a Ray worker does with one task: the same as a process of this machine, and its files go where the board's are."""

from __future__ import annotations

import os
import signal
import socket
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import ray

from benchmark.common.errors import UserError
from benchmark.config.schema import Preset
from benchmark.records.record import Record
from benchmark.runs.checkpoints import Checkpoints
from benchmark.runs.launchers.carried import Carried, Files, pack, unpack_folder
from benchmark.runs.launchers.desk import DeskReporter
from benchmark.runs.model_spec import ModelSpec
from benchmark.runs.workers import perform, set_threads

_kept: dict[Path, Checkpoints] = {}  # of this process: the models of the board that it last worked on


@dataclass(frozen=True)
class Setting:
    """What all tasks of a board share."""

    preset: Preset  # with the device that tasks compute on
    folder: Path
    marker: Path | None  # that a machine sees if it shares the folder; None: files go through the object store
    arithmetic: dict[str, Any]  # of the driver's keys
    perform: Callable[[Checkpoints, Any], Record | None] = perform


@dataclass(frozen=True)
class Done:
    """What a task leaves.

    Attributes:
        model: the name of the folder of the model that was made.
        files: the model's, or those of the run's record; none where machines share a folder.
    """

    where: str
    record: Record | None = None
    model: str = ""
    files: Files = field(default_factory=dict)


def work(setting: Setting, desk: Any, number: int, carried: Carried, *needed: Done) -> Done:
    """Do one task.

    Args:
        number: of the task, in reports.
        needed: what the tasks before it left.

    Raises:
        UserError: this machine does not see the folder, or computes otherwise than the board's keys say.
    """
    # A cluster that was begun in the background ignores Ctrl-C, and with it Ray's way to cancel a task.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    where = place()
    reporter = DeskReporter(desk, number, where)
    task = carried.task()
    with _checkpoints(setting) as checkpoints:
        for done in needed:
            if done.files:
                unpack_folder(done.files, checkpoints.store.root / done.model)
        checkpoints.reporter = reporter
        if checkpoints.arithmetic != setting.arithmetic:
            raise UserError(
                f"{where} would compute with {checkpoints.arithmetic}, the board's keys say {setting.arithmetic}: name "
                "what all machines have, for example --set launch.matmul=mkl or --device cpu"
            )
        record = setting.perform(checkpoints, task)
        reporter.flush()
        if setting.marker is not None:
            return Done(where, record)
        if not isinstance(task, ModelSpec):
            return Done(where, record, files=pack(checkpoints.folder, "records", "logs"))
        model = checkpoints.store.folder(task.label, checkpoints.key(task))
        return Done(where, record, model.name, pack(model, ""))


def place() -> str:
    """This process in words: machine, node of the cluster, process."""
    return f"{socket.gethostname()}/{ray.get_runtime_context().get_node_id()[:4]}:{os.getpid()}"


@contextmanager
def _checkpoints(setting: Setting) -> Iterator[Checkpoints]:
    """The board's models: in its folder, or in one of this task's own, where there is none that all share."""
    set_threads(setting.preset)
    if setting.marker is None:
        with tempfile.TemporaryDirectory(prefix="unlearn-bench-") as folder:
            own = setting.preset.model_copy(
                update={"launch": setting.preset.launch.model_copy(update={"models": None})}
            )
            yield Checkpoints(own, folder)
        return
    if not setting.marker.exists():
        raise UserError(
            f"{place()} does not see {setting.folder}, which the cluster's other machines share; mount it there, or let files "
            "go through Ray: --set launch.shared_folder=false"
        )
    if setting.marker not in _kept:
        _kept.clear()
        _kept[setting.marker] = Checkpoints(setting.preset, setting.folder)
    yield _kept[setting.marker]
