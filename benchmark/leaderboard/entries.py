"""One row of a board: the numbers of a method on a split, over its seeds."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import metrics
from benchmark.common.errors import UserError
from benchmark.common.statistics import interval_rng
from benchmark.leaderboard.cells import Cell, make_cell
from benchmark.leaderboard.marks import marks, tuning
from benchmark.records.record import REFERENCE_ROWS, Record, record_path, scores_path

if TYPE_CHECKING:
    from benchmark.evaluation.scores import Scores

STATUSES = ("ok", "diverged", "failed")
UNUSABLE = "no usable setting"  # every trial of the sweep cost too much of what was to stay


@dataclass(frozen=True)
class Entry:
    """One method on one split. ``method`` is the name, with the settings that set the row apart."""

    method: str
    name: str
    split: str
    seeds: tuple[int, ...]
    n: int | None  # forget rows scored; the fewest, where seeds differ
    cells: dict[str, Cell]
    status: str
    minutes: float | None
    peak_memory_mib: float | None
    source: str
    marks: tuple[str, ...]
    keys: tuple[str, ...]  # of the records, in the order of ``seeds``
    config: dict[str, Any]
    reasons: dict[str, str] = field(default_factory=dict)  # seed -> why it is not ok

    @property
    def is_reference(self) -> bool:
        """Whether it is a model (fine-tuned, retrained, base) and no method."""
        return self.name in REFERENCE_ROWS

    @property
    def is_sound(self) -> bool:
        """Whether it takes part in the choice of the best method."""
        return not self.is_reference and self.status == "ok" and "partial" not in self.marks

    def value(self, metric: str) -> float | None:
        """Mean over the seeds; None where undefined or not measured."""
        return self.cells[metric].value if metric in self.cells else None


def make_entry(label: str, group: list[Record], columns: Iterable[str], folder: Path) -> Entry:
    """The row of these records, one a seed.

    Args:
        label: what the row is called, see ``grouping``.
        columns: the board's metrics.
        folder: the board's, where the scores lie that an interval over several seeds needs.

    Raises:
        UserError: a record's numbers or scores are damaged.
    """
    ran = [record for record in group if record.status != "failed"]
    measured = [record for record in ran if record.metrics]
    by_column = [_measurements(record) for record in measured]
    scores = [_scores(folder, record) if len(measured) > 1 else None for record in measured]

    def cell(column: str) -> Cell:
        seeds = [(values[column], s) for values, s in zip(by_column, scores, strict=True) if column in values]
        return make_cell(column, seeds, interval_rng(f"{label} {group[0].split} {column}"))

    minutes = [record.seconds["total"] / 60 for record in ran if "total" in record.seconds]
    memory = [peak for record in ran if (peak := _peak(record)) is not None]
    forget_rows = [max((m.n for column, m in values.items() if column.startswith("forget_")), default=0)
                   for values in by_column]  # fmt: skip
    counts: Counter[str] = Counter(record.status for record in group)
    unusable = any(tuning(record).get("usable") is False for record in group)
    each = ", ".join(f"{status} {counts[status]}" for status in STATUSES if counts[status])
    return Entry(
        method=label,
        name=group[0].method,
        split=group[0].split,
        seeds=tuple(record.seed for record in group),
        n=min((n for n in forget_rows if n), default=None),
        cells={column: cell(column) for column in columns},
        status=UNUSABLE if counts["ok"] and unusable else next(iter(counts)) if len(counts) == 1 else each,
        minutes=math.fsum(minutes) / len(minutes) if minutes else None,
        peak_memory_mib=max(memory, default=None),
        source=group[0].source,
        marks=tuple(sorted({mark for record in group for mark in marks(record)})),
        keys=tuple(record.key for record in group),
        config=group[0].config,
        reasons={str(record.seed): record.reason for record in group if record.status != "ok"},
    )


def _peak(record: Record) -> float | None:
    """MiB on the GPU where one was used, else of the process."""
    gpu = record.peak_memory_mib.get("gpu")
    return record.peak_memory_mib.get("process") if gpu is None else gpu


def _measurements(record: Record) -> dict[str, metrics.Measurement]:
    try:
        return {column: metrics.Measurement.from_json(data) for column, data in record.metrics.items()}
    except (TypeError, ValueError, AttributeError) as error:
        raise UserError(
            f"the record {record.method}/{record.key}.json is damaged ({error}). Delete it and run the same "
            "command again: only this run is redone."
        ) from None


def _scores(folder: Path, record: Record) -> Scores | None:
    """The scores beside a record; only imported records may have none."""
    from benchmark.records.score_files import load_scores

    path = scores_path(record_path(folder, record.method, record.key))
    return load_scores(path) if path.exists() or record.source == "run" else None
