"""A task whose models are sharded over several devices (``launch.shards``): ranks do it together, this process watches.

The ranks stay for the tasks that follow. After a failure they are ended, since their models may be in any state, and
others are started for the next task.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from benchmark.common.errors import UserError
from benchmark.common.files import FULL
from benchmark.config.schema import Preset
from benchmark.models.ranks import rank
from benchmark.records.record import Record
from benchmark.runs.checkpoints import Checkpoints
from benchmark.runs.execute import record_failure
from benchmark.runs.launchers.rank_group import RankFailed, RankGroup, rank_device, report
from benchmark.runs.model_spec import ModelSpec
from benchmark.runs.plan import Task
from benchmark.runs.workers import perform, set_threads

OUTSIDE_THE_GRAPH = (
    "it asks torch.autograd.grad for gradients in the weights themselves, of which each shard has a part; run it with "
    "launch.shards=1, or let it call backward and read .grad"
)
_group: RankGroup | None = None  # of this process, which is no rank
_checkpoints: Checkpoints | None = None  # of this process, in a rank


def perform_sharded(checkpoints: Checkpoints, task: Task) -> Record | None:
    """Do one task in ``launch.shards`` processes; a run in which one fails is recorded as failed.

    Raises:
        UserError: a model could not be made.
        OSError: the disk is full.
    """
    global _group
    size, reporter = checkpoints.preset.launch.shards, checkpoints.reporter
    if _group is None or (_group.size, _group.device) != (size, checkpoints.device):
        end_ranks()
        _group = RankGroup(size, checkpoints.device)

    def hear(message: tuple[str, tuple[Any, ...]]) -> None:
        getattr(reporter, message[0])(*message[1])

    given = checkpoints.preset, checkpoints.folder, checkpoints.device
    try:
        return _group.call(_in_rank, *given, task, on_message=hear)
    except RankFailed as failed:
        if isinstance(failed.error, OSError) and failed.error.errno in FULL:
            raise failed.error from None
        if isinstance(task, ModelSpec):
            if isinstance(failed.error, UserError):
                raise failed.error from None
            raise UserError(f"training {task.label} in {size} shards: {failed}. What is finished is kept") from None
        return record_failure(task, checkpoints, str(failed), failed.log)
    except BaseException:  # Ctrl-C
        end_ranks()
        raise


def end_ranks() -> None:
    """End this process's ranks, if it has any."""
    global _group
    if _group is not None:
        _group.close()
    _group = None


class LineReporter:
    """Reports from the first rank to the process that watches."""

    def phase(self, run: str, phase: str) -> None:
        report(("phase", (run, phase)))

    def advance(self, units: float) -> None:
        report(("advance", (units,)))


def _in_rank(preset: Preset, folder: Path, first_device: str, task: Task) -> Record | None:
    """Do a task on this rank."""
    global _checkpoints
    if _checkpoints is None or (_checkpoints.folder, _checkpoints.preset) != (folder, preset):
        launch = preset.launch.model_copy(update={"device": rank_device(first_device, rank())})
        preset = preset.model_copy(update={"launch": launch})
        set_threads(preset)
        _checkpoints = Checkpoints(preset, folder, LineReporter())
    try:
        return perform(_checkpoints, task)
    except RuntimeError as error:
        if "not have been used in the graph" not in str(error):
            raise
        raise UserError(OUTSIDE_THE_GRAPH) from error
