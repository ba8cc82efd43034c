"""One row of a board: the numbers of a method on a split, over its seeds."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import metrics
from benchmark.common.errors import damaged
from benchmark.common.seed_names import seed_names
from benchmark.leaderboard.cells import Cell, SeedMeasurement, make_cell
from benchmark.leaderboard.marks import git, marks, tuning
from benchmark.records.record import Record, Role
from metrics.calibration.ranks import Rank
from metrics.utility_kept import KEPT

MODELS, CONTROLS, METHODS, BELOW, UNRANKED = BLOCKS = ("models", "controls", "methods", "below 90 %", "not ranked")
STATUSES = ("ok", "diverged", "failed")
UNUSABLE = "no usable setting"  # every trial of the sweep cost too much of what was to stay


@dataclass(frozen=True)
class Entry:
    """One method on one split. ``method`` is the name, with the settings that set the row apart."""

    method: str
    name: str
    split: str
    seeds: tuple[int, ...]  # of unlearning, one a run
    n: int | None  # forget rows scored; the fewest, where seeds differ
    cells: dict[str, Cell]
    status: str
    minutes: float | None
    peak_memory_mib: float | None
    source: str
    marks: tuple[str, ...]
    keys: tuple[str, ...]  # of the records, in the order of ``seeds``
    config: dict[str, Any]
    reasons: dict[str, str] = field(default_factory=dict)  # seeds, as `seed_names` has them -> why it is not ok
    role: Role = "method"
    commits: tuple[str, ...] = ()
    rank: Rank | None = None  # among the methods of its split; None where it takes no part
    finetuning_seeds: tuple[int, ...] = ()  # of the fine-tuned model that each run started from
    p_front: float | None = None  # of being on the Pareto front of distance and utility kept
    p_first: float | None = None  # of being the nearest that keeps enough utility; of rows below the limit too
    rank_worst: Rank | None = None  # as ``rank``, by the residual under its worst attack

    @property
    def is_sound(self) -> bool:
        """Whether it takes part in comparisons of methods: all of its runs went well and scored all rows."""
        return self.role == "method" and self.status == "ok" and "partial" not in self.marks

    @property
    def block(self) -> str:
        """One of ``BLOCKS``: where the row stands on its split's board.

        The point estimate of what is kept decides: the lower limit of a retrained model's own share is below 90 % where
        sets are as small as the world facts, so that a limit would turn away models without any fault.
        """
        if self.role != "method":
            return MODELS if self.role == "model" else CONTROLS
        if self.status != "ok":
            return UNRANKED
        kept = self.value("utility_kept")
        return METHODS if kept is None or kept >= KEPT else BELOW

    @property
    def is_best(self) -> bool:
        """Whether it is better than some method by a paired test, and none is better than it."""
        return self.rank is not None and self.rank.is_first

    def value(self, metric: str) -> float | None:
        """Mean over the seeds; None where undefined or not measured."""
        return self.cells[metric].value if metric in self.cells else None


def make_entry(label: str, group: list[Record], columns: Iterable[str]) -> Entry:
    """The row of these records, one a seed.

    Args:
        label: what the row is called, see ``grouping``.
        columns: the board's metrics.

    Raises:
        UserError: a record's numbers are damaged.
    """
    ran = [record for record in group if record.status != "failed"]
    measured = [record for record in ran if record.metrics]
    by_column = [_measurements(record) for record in measured]
    places = [
        (values, (record.seed, record.finetuning_seed)) for values, record in zip(by_column, measured, strict=True)
    ]
    minutes = [record.seconds["total"] / 60 for record in ran if "total" in record.seconds]
    memory = [peak for record in ran if (peak := _peak(record)) is not None]
    forget_rows = [max((m.n for column, m in values.items() if column.startswith("forget_")), default=0)
                   for values in by_column]  # fmt: skip
    counts: Counter[str] = Counter(record.status for record in group)
    names = seed_names((record.seed, record.finetuning_seed) for record in group)
    unusable = any(tuning(record).get("usable") is False for record in group)
    each = ", ".join(f"{status} {counts[status]}" for status in STATUSES if counts[status])
    return Entry(
        method=label,
        name=group[0].method,
        split=group[0].split,
        seeds=tuple(record.seed for record in group),
        n=min((n for n in forget_rows if n), default=None),
        cells={c: make_cell(c, [SeedMeasurement(v[c], s) for v, s in places if c in v]) for c in columns},
        status=UNUSABLE if counts["ok"] and unusable else next(iter(counts)) if len(counts) == 1 else each,
        minutes=math.fsum(minutes) / len(minutes) if minutes else None,
        peak_memory_mib=max(memory, default=None),
        source=group[0].source,
        marks=tuple(sorted({mark for record in group for mark in marks(record)})),
        keys=tuple(record.key for record in group),
        config=group[0].config,
        reasons={name: r.reason for name, r in zip(names, group, strict=True) if r.status != "ok"},
        role=group[0].role,
        finetuning_seeds=tuple(record.finetuning_seed for record in group),
        commits=tuple(dict.fromkeys(str(git(record).get("commit")) for record in group if git(record).get("commit"))),
    )


def _peak(record: Record) -> float | None:
    """MiB on the GPU where one was used, else of the process."""
    gpu = record.peak_memory_mib.get("gpu")
    return record.peak_memory_mib.get("process") if gpu is None else gpu


def _measurements(record: Record) -> dict[str, metrics.Measurement]:
    try:
        return {column: metrics.Measurement.from_json(data) for column, data in record.metrics.items()}
    except (TypeError, ValueError, AttributeError) as error:
        raise damaged(f"the record {record.method}/{record.key}.json", error) from None
