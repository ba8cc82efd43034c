"""The cost model beside what runs took: a board's records hold the seconds of every phase."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmark.config.schema import Preset
from benchmark.costs.known import preset_sizes
from benchmark.costs.tasks import board_tasks
from benchmark.costs.texts import texts_of
from benchmark.costs.work import Work
from benchmark.records.record import load_records

PHASES = ("unlearning", "scoring", "attacks")


@dataclass(frozen=True)
class Phase:
    """One phase of a run, as it was and as it is told."""

    row: str
    name: str
    measured: float  # seconds
    told: float


def phases(preset: Preset, folder: Path, seconds: Callable[[Work], float]) -> list[Phase]:
    """Every phase that both the preset's board and the folder's records have.

    Args:
        seconds: of some work, in one process.
    """
    texts = texts_of(preset)
    told = {task.label: task.phases for task in board_tasks(preset, texts, preset_sizes(preset).layers)}
    met = []
    for record in load_records(folder):
        for name, made in told.get(record.run_label, {}).items():
            if name in record.seconds and record.seconds[name] > 0:
                met.append(Phase(record.run_label, name, record.seconds[name], seconds(made)))
    return met
