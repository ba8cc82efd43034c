"""``metrics``: measure the stored scores of a board again, without a model, and bring its records up to date."""

from __future__ import annotations

import json
import math
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import metrics
from benchmark.common.errors import UserError
from benchmark.evaluation.scores import Scores
from benchmark.records.comparison import ReferenceShelf, alone
from benchmark.records.record import Record, load_record, record_path, record_paths, scores_path, write_record
from benchmark.records.score_files import load_scores

SAME = 1e-9  # relative: what another processor's order of summation may do to a value
NO_SCORES = {
    "failed": "the run failed and left no scores",
    "diverged": "the run diverged and left no scores",
    "imported": "imported summary: it has no values of single rows",
}
OTHERS = "its numbers are compared with other models than the board has now: run the board's command again, which compares anew"


@dataclass
class Update:
    """What came of one record."""

    label: str
    values: dict[str, float | None] = field(default_factory=dict)  # of every column that was measured
    added: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)  # a raised version replaced the old value
    same: list[str] = field(default_factory=list)
    differs: list[str] = field(default_factory=list)  # lines; the record keeps its value
    skipped: str = ""  # why nothing was measured

    def line(self) -> str:
        """What came of the record, for a terminal."""
        if self.skipped:
            return f"{self.label}: skipped: {self.skipped}"
        counts = [f"{len(self.same)} as before"]
        for word, columns in (("added", self.added), ("changed", self.changed)):
            if columns:
                shown = ", ".join(columns[:4]) + (f" and {len(columns) - 4} more" if len(columns) > 4 else "")
                counts.insert(0, f"{len(columns)} {word} ({shown})")
        return "\n".join([f"{self.label}: {', '.join(counts)}", *(f"  DIFFERS {text}" for text in self.differs)])


def recompute(folder: str | Path, names: list[str] | None = None) -> list[Update]:
    """Measure every record of a board again and write what is new into it.

    A column that a record lacks is added, one of an older version replaced. The same version must give the
    same value: where it does not, the record is left as it is and the difference is reported. Of a record that was compared
    with other models than the board has now only those metrics are measured that read its own scores alone.

    Args:
        names: metrics by name or ``.py`` file; all of the project's by default.

    Raises:
        UserError: no records, or an unknown metric; nothing is written then. A damaged record, or one whose
            scores are damaged, is reported as skipped and the others are still done.
    """
    folder = Path(folder)
    for name in names or ():
        metrics.load_metric(name)
    paths = record_paths(folder)
    whole = []
    for path in paths:
        with suppress(UserError):  # a damaged one is reported in its turn
            whole.append(load_record(path))
    shelf = ReferenceShelf(folder, whole)
    return [_update(path, names, shelf) for path in paths]


def table(updates: list[Update]) -> tuple[list[str], list[list[str]]]:
    """Header and rows of what was measured: one row a record, one column a measurement."""
    columns = list(dict.fromkeys(column for update in updates for column in update.values))
    rows = []
    for update in updates:
        values = [update.values.get(column) for column in columns]
        rows.append([update.label, *("–" if value is None else f"{value:.6g}" for value in values)])
    return ["run", *columns], rows


def _update(path: Path, names: list[str] | None, shelf: ReferenceShelf) -> Update:
    try:
        record = load_record(path)
    except UserError as error:
        return Update(f"{path.parent.name}/{path.name}", skipped=str(error))
    update = Update(label_of(record))
    if not scores_path(path).exists() and (reason := why_without_scores(record)):
        update.skipped = reason
        return update
    if record.source == "run" and record.compared_with and record.compared_with != shelf.keys_of(record):
        # Else some columns would be of other models than the rest, and the record would say that all are of these.
        names = alone(names)
        if not names:
            update.skipped = OTHERS
            return update
    elif record.source == "run":
        record.compared_with = shelf.keys_of(record)
    try:
        scores = load_scores(scores_path(path))
        measured = measure_again(record, scores, names, shelf)
    except metrics.BrokenMetric:  # of a user's file: so it would end on every record
        raise
    except UserError as error:
        update.skipped = str(error)
        return update
    before = json.dumps(record.metrics)
    for column, measurement in measured.items():
        _merge(record, column, measurement, update)
    if json.dumps(record.metrics) != before:
        write_record(path, record)
    return update


def label_of(record: Record) -> str:
    """What a run is called in a line of a terminal."""
    return record.label + " (reference)" * record.reference


def why_without_scores(record: Record) -> str | None:
    """Why a record rightly has no scores beside it; None where it should have some."""
    if record.source == "imported":
        return NO_SCORES["imported"]
    return NO_SCORES.get(record.status)


def measure_again(
    record: Record, scores: Scores, names: list[str] | None, shelf: ReferenceShelf
) -> dict[str, metrics.Measurement]:
    """What a record's scores give now, compared with the models that it is compared with.

    Raises:
        UserError: the scores of one of these cannot be read.
    """
    if record.source == "imported":
        from benchmark.records.importers.measure import measure

        try:
            known = [
                load_scores(scores_path(record_path(shelf.folder, "retrained", key))) for key in record.retrained_keys
            ]
        except UserError as error:
            raise UserError(f"its retrained reference cannot be read: {error}") from None
        return measure(scores, known, names)
    return metrics.measure_all(scores, shelf.references_of(record), names=names)


def _merge(record: Record, column: str, measurement: metrics.Measurement, update: Update) -> None:
    new, old = measurement.to_json(), record.metrics.get(column)
    update.values[column] = new["value"]
    if old is None:
        update.added.append(column)
    elif old.get("version", 1) > new["version"]:
        update.differs.append(f"{column}: the record has the later version {old['version']}; this is {new['version']}")
        return
    elif old.get("version", 1) < new["version"]:
        update.changed.append(column)
    elif _same(old.get("value"), new["value"]):
        update.same.append(column)
        return
    else:
        update.differs.append(
            f"{column}: the record has {old.get('value')}, its scores now give {new['value']} with the same version "
            f"{new['version']}: raise the metric's version, or run the record again"
        )
        return
    record.metrics[column] = new


def _same(old: float | None, new: float | None) -> bool:
    if old is None or new is None:
        return old is new
    return math.isclose(old, new, rel_tol=SAME, abs_tol=1e-300)
