"""Making a whole board: doing what its plan says, and leaving nothing half-done."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from benchmark.common.errors import UserError
from benchmark.common.files import FULL, remove_half_written
from benchmark.common.progress import progress_bar
from benchmark.config.schema import Preset
from benchmark.records.comparison import compare_records
from benchmark.records.record import Record
from benchmark.runs.checkpoints import MODELS
from benchmark.runs.identity import Run
from benchmark.runs.launchers import open_launcher
from benchmark.runs.model_spec import ModelSpec
from benchmark.runs.plan import Plan, Task, check_preset, plan_board
from benchmark.runs.task_device import task_device
from benchmark.runs.workers import worker_count

__all__ = ["Plan", "run_board"]

KEY = "[0-9a-f]" * 16  # of a content key, in a file's name


def run_board(
    preset: Preset,
    folder: str | Path,
    *,
    further: Sequence[Run] = (),
    fresh: bool = False,
    workers: int | None = None,
    time_limit: float | None = None,
    say: Callable[[str], None] = print,
) -> Plan:
    """Make a board: do what is missing and leave a record of every run in ``folder``.

    Args:
        further: rows beside the preset's, of pools.
        fresh: remove what is in the folder first.
        workers: processes, of the launcher local; None: as the preset says, or one a core; 0: none but this one, which a run
            may then end.
        time_limit: minutes; a task that is not expected to end in time is not begun, the next call goes on there.

    Raises:
        UserError: bad input, a disk that is full, another command at work in the folder.
    """
    folder = Path(folder)
    check_preset(preset)  # before anything is written
    by_ray = preset.launch.launcher == "ray"
    if by_ray and workers is not None:
        raise UserError(
            "--workers is of --launcher local; with Ray the cluster's CPUs and --set launch.cpus=… say how many"
        )
    clock = Clock(time_limit)
    with _locked(folder), _disk_errors(folder):
        if fresh:
            start_over(folder)
        for place in (folder, *folder.glob("records/*"), folder / MODELS):
            remove_half_written(place)
        plan = plan_board(preset, folder, further)
        if not plan.tasks:
            compare_records(folder)
            return plan
        device = task_device(preset.launch)
        count = min(worker_count(preset, device) if workers is None else workers, len(plan.tasks))
        to_do = f"{plan.runs - plan.done} of {plan.runs} runs to do"
        by = "by Ray" if by_ray else f"{count or 1} process{'es' if count > 1 else ''}"
        say(f"{preset.name}: {to_do} on {device}, {by}")
        with (
            progress_bar(sum(plan.units.values())) as bar,
            open_launcher(preset, folder, bar, count, lambda task: clock.allows(plan.units[task])) as launcher,
        ):

            def on_done(task: Task, record: Record | None, where: str = "") -> None:
                clock.done(plan.units[task])
                if record is not None and record.status == "failed":
                    plan.failed.append(f"{task.label}: {record.reason}")
                bar.log(describe(task, record) + (f" [{where}]" if where else ""))

            left = launcher.run(plan, on_done)
        compare_records(folder)
        if left:
            say(f"the time limit left {left} tasks undone; the same command goes on with them")
    return plan


def start_over(folder: str | Path) -> None:
    """Remove what runs have left in a board's folder, and nothing else: files of other names stay where they are."""
    folder = Path(folder)
    whole = (f"records/*/{KEY}.*", f"{MODELS}/*-{KEY}", f"logs/*-{KEY}.txt")
    for pattern in (*whole, f"records/*/.{KEY}.*", f"{MODELS}/.*-{KEY}.*.part"):  # half-written ones too
        for path in folder.glob(pattern):
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
    for part in (*folder.glob("records/*"), folder / "records", folder / MODELS, folder / "cache", folder / "logs"):
        with suppress(OSError):  # it holds something else, or is not there
            part.rmdir()


class Clock:
    """Says whether a task still fits a time limit, from the pace so far."""

    def __init__(self, minutes: float | None):
        self.begin = time.monotonic()
        self.limit = None if minutes is None else 60 * minutes
        self.units = 0.0
        self.over = False

    def done(self, units: float) -> None:
        """Work was done."""
        self.units += units

    def allows(self, units: float) -> bool:
        """Whether a task of so much work may begin. While the pace is unknown every task may, within the limit.

        After one refusal nothing may: later tasks are worth less, and may need what the refused one makes.
        """
        if self.limit is None:
            return True
        elapsed = time.monotonic() - self.begin
        expected = units * elapsed / self.units if self.units else 0.0
        self.over = self.over or elapsed + expected > self.limit
        return not self.over


def describe(task: Task, record: Record | None) -> str:
    """One line on a finished task."""
    if record is None or isinstance(task, ModelSpec):
        return f"{task.label}: trained"
    forget, utility = record.value("forget_probability"), record.value("model_utility")
    numbers = ", ".join(
        f"{name} {value:.3g}"
        for name, value in (("forget probability", forget), ("utility", utility))
        if value is not None
    )
    status = record.status if record.status == "ok" else f"{record.status} ({record.reason})"
    return f"{task.label}: {status}; {numbers or 'no numbers'}; {record.seconds['total']:.0f} s"


@contextmanager
def _locked(folder: Path):
    from filelock import FileLock, Timeout

    folder.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(folder / ".lock", timeout=0):
            yield
    except Timeout:
        raise UserError(
            f"another command is at work in {folder}; wait for it, or give this one another --out"
        ) from None


@contextmanager
def _disk_errors(folder: Path):
    try:
        yield
    except OSError as error:
        if error.errno not in FULL:
            raise
        raise UserError(
            f"the disk of {folder} is full. Free some space and run the same command again: what is finished is kept"
        ) from None
