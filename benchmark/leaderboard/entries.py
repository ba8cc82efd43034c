"""The rows of a board: which records belong together, what a row is called, and its numbers."""

from __future__ import annotations

import json
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
from benchmark.records.record import REFERENCE_ROWS, Record, record_path, scores_path

if TYPE_CHECKING:
    from benchmark.evaluation.scores import Scores

STATUSES = ("ok", "diverged", "failed")
NAMED_DIFFERENCES = 3  # settings that a row's name spells out


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
        return self.name in REFERENCE_ROWS

    def value(self, metric: str) -> float | None:
        """Mean over the seeds; None where undefined or not measured."""
        return self.cells[metric].value if metric in self.cells else None


def source(record: Record) -> str:
    """Where a record's numbers come from: "run" here, or "imported"."""
    return getattr(record, "source", "run")


def git(record: Record) -> dict[str, Any]:
    """Commit and dirty flag of a record; empty where nothing is known."""
    return record.provenance.get("git") or {}


def marks(record: Record) -> list[str]:
    """What keeps a record off the public board."""
    return ["dirty"] * bool(git(record).get("dirty")) + ["partial"] * record.partial


def newest(records: Iterable[Record]) -> tuple[list[Record], list[str]]:
    """The records that count, and a note on each that a later run of the same thing replaced.

    The same method, split, seed and config under another key means that code or dataset changed in between.
    """
    kept: dict[tuple, Record] = {}
    notes = []
    for record in sorted(records, key=age):
        same = (source(record), record.method, record.split, record.seed, _config_text(record))
        if old := kept.get(same):
            notes.append(
                f"{record.method} {record.split} seed {record.seed}: record {old.key} of {old.created} is "
                f"superseded by {record.key} of {record.created} (code or dataset changed)"
            )
        kept[same] = record
    return list(kept.values()), notes


def age(record: Record) -> tuple[str, str]:
    return record.created, record.key


def _config_text(record: Record) -> str:
    return json.dumps(record.config, sort_keys=True, default=str)


def groups(everything: list[Record], current: list[Record]) -> list[tuple[str, list[Record]]]:
    """(name of the row, its current records by seed). Superseded ones still say which settings came first."""
    found: dict[tuple, dict[str, list[Record]]] = {}
    for record in sorted(everything, key=age):
        configs = found.setdefault((source(record), record.method, record.split), {})
        configs.setdefault(_config_text(record), []).append(record)
    counts = {(record.method, record.key) for record in current}
    out = []
    for (_, method, _), configs in found.items():
        first = next(iter(configs.values()))[0].config
        used: Counter[str] = Counter()
        for group in configs.values():
            changes = _differences(first, group[0].config)
            label = f"{method} [{changes}]" if changes else method
            used[label] += 1  # beyond the settings that are spelt out, two rows may read the same
            members = [record for record in group if (record.method, record.key) in counts]
            number = f" #{used[label]}" if used[label] > 1 else ""
            out.append((label + number, sorted(members, key=lambda record: record.seed)))
    return out


def _differences(first: dict[str, Any], other: dict[str, Any]) -> str:
    a, b = _flat(first), _flat(other)
    changed = [f"{key}={b.get(key, 'unset')}" for key in sorted(a | b) if a.get(key) != b.get(key)]
    more = len(changed) - NAMED_DIFFERENCES
    return ", ".join(changed[:NAMED_DIFFERENCES] + ([f"+{more} more"] if more > 0 else []))


def _flat(config: dict[str, Any], prefix: str = "") -> dict[str, str]:
    """Dotted key -> value as text."""
    out = {}
    for key, value in config.items():
        if isinstance(value, dict):
            out |= _flat(value, f"{prefix}{key}.")
        else:
            out[prefix + key] = value if isinstance(value, str) else json.dumps(value, default=str)
    return out


def make_entry(label: str, group: list[Record], columns: Iterable[str], folder: Path) -> Entry:
    ran = [record for record in group if record.status != "failed"]
    measured = [record for record in ran if record.metrics]
    found = [measurements(record) for record in measured]
    scores = [_scores(folder, record) if len(measured) > 1 else None for record in measured]

    def cell(column: str) -> Cell:
        parts = [(m[column], s) for m, s in zip(found, scores, strict=True) if column in m]
        return make_cell(column, parts, interval_rng(f"{label} {group[0].split} {column}"))

    minutes = [record.seconds["total"] / 60 for record in ran if "total" in record.seconds]
    memory = [peak for record in ran if (peak := _peak(record)) is not None]
    rows = [n for m in found if (n := max((x.n for c, x in m.items() if c.startswith("forget_")), default=0))]
    counts = Counter(record.status for record in group)
    each = ", ".join(f"{status} {counts[status]}" for status in STATUSES if counts[status])
    return Entry(
        method=label,
        name=group[0].method,
        split=group[0].split,
        seeds=tuple(record.seed for record in group),
        n=min(rows, default=None),
        cells={column: cell(column) for column in columns},
        status=next(iter(counts)) if len(counts) == 1 else each,
        minutes=math.fsum(minutes) / len(minutes) if minutes else None,
        peak_memory_mib=max(memory, default=None),
        source=source(group[0]),
        marks=tuple(sorted({mark for record in group for mark in marks(record)})),
        keys=tuple(record.key for record in group),
        config=group[0].config,
        reasons={str(record.seed): record.reason for record in group if record.status != "ok"},
    )


def _peak(record: Record) -> float | None:
    """MiB on the GPU where one was used, else of the process."""
    gpu = record.peak_memory_mib.get("gpu")
    return record.peak_memory_mib.get("process") if gpu is None else gpu


def measurements(record: Record) -> dict[str, metrics.Measurement]:
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
    return load_scores(path) if path.exists() or source(record) == "run" else None
