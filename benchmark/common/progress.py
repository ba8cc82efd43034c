"""Telling how far a board is: which run, which phase, how long still.

Work is counted in row-forwards (a training row counts three), estimated before anything runs, so that one
bar covers training and scoring of all runs.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol

TRAINING_COST = 3.0  # a training row against a scored answer: forward and backward
GENERATION_COST = 4.0  # a generated answer against a scored one, roughly


class Reporter(Protocol):
    """Where a run reports its progress."""

    def phase(self, run: str, phase: str) -> None:
        """A new phase of a run begins."""

    def advance(self, units: float) -> None:
        """Units of work were done."""


class Silent:
    """Reports to nobody."""

    def phase(self, run: str, phase: str) -> None: ...

    def advance(self, units: float) -> None: ...


class QueueReporter:
    """Reports from a worker process to the one that owns the terminal."""

    def __init__(self, queue: Any, worker: int):
        self.queue, self.worker = queue, worker

    def phase(self, run: str, phase: str) -> None:
        self.queue.put(("phase", self.worker, run, phase))

    def advance(self, units: float) -> None:
        self.queue.put(("advance", self.worker, units, ""))


class Bar:
    """The progress bar of one board, in this process."""

    def __init__(self, progress: Any, total: float):
        self.progress = progress
        self.task = progress.add_task("starting", total=total)
        self.current: dict[int | str, str] = {}  # of each worker, by its number or its place

    def phase(self, run: str, phase: str, worker: int | str = 0) -> None:
        self.current[worker] = f"{run}: {phase}"
        self.progress.update(self.task, description=" | ".join(self.current.values()))

    def idle(self, worker: int | str) -> None:
        """The worker has finished its task."""
        self.current.pop(worker, None)

    def advance(self, units: float) -> None:
        self.progress.advance(self.task, units)

    def receive(self, message: tuple[Any, ...]) -> None:
        """Take a message of a QueueReporter."""
        kind, worker, first, second = message
        if kind == "phase":
            self.phase(first, second, worker)
        else:
            self.advance(first)

    def log(self, text: str) -> None:
        """A line above the bar."""
        self.progress.console.print(text, highlight=False, markup=False)


@contextmanager
def progress_bar(total: float) -> Iterator[Bar]:
    """A bar with the run, the phase and the time left, on standard error."""
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        Progress,
        TaskProgressColumn,
        TextColumn,
        TimeRemainingColumn,
    )
    from rich.table import Column

    columns = (  # a narrow terminal cuts the description, not the numbers
        BarColumn(bar_width=12),
        TaskProgressColumn(),
        TimeRemainingColumn(),
        TextColumn("left"),
        TextColumn("{task.description}", markup=False, table_column=Column(ratio=1, no_wrap=True, overflow="ellipsis")),
    )
    console = Console(stderr=True)
    with Progress(*columns, console=console, refresh_per_second=4, speed_estimate_period=120, expand=True) as progress:
        yield Bar(progress, total)
