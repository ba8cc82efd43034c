"""Claimed or reproduced: which of a board's numbers follow from the scores beside its records, when they are measured again.

A number is reproduced if the scores give it again, value and interval, by the same version of its metric. It is claimed where
they cannot tell: no scores, other versions, models that it was compared with are not there. It is wrong where they give another
one. Reproduced says that a number follows from the scores; that a model gave these scores is the record's word either way.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import metrics
from benchmark.common.errors import UserError
from benchmark.common.files import read_json, write_json
from benchmark.evaluation.scores import Scores
from benchmark.records.comparison import ReferenceShelf, alone, forget_rows_of
from benchmark.records.recompute import NO_SCORES, label_of, measure_again
from benchmark.records.record import Record, load_records, now, record_path, scores_path
from benchmark.records.score_files import load_scores
from metrics.base import P_VALUE

FILE = "reproduced.json"
CLOSE = 1e-5  # relative: far above what another processor's order of summation does, far below what anyone would type
NOISE = 1e-12  # absolute, of numbers that are zero but for rounding; p-values have none
UNPUBLISHED = "its scores are not published"
NO_COMPARISON = "the scores of models that it was compared with are not all there"
ROWS = "forget_rows"  # the row statistics that ranks and comparisons are made of; in a claim's list beside the columns


@dataclass(frozen=True)
class Checked:
    """Of one record's numbers; columns without a value count as numbers that are undefined."""

    reproduced: tuple[str, ...] = ()
    claimed: dict[str, str] = field(default_factory=dict)  # column -> why
    wrong: tuple[str, ...] = ()  # sentences


def check(folder: str | Path, say: Callable[[str], None] = lambda text: None) -> dict[tuple[str, str], Checked]:
    """Measure every record of a board again: (method, key) -> what came of its numbers.

    Raises:
        UserError: there are no records, or some are damaged.
    """
    folder = Path(folder)
    records = load_records(folder)
    shelf, made = ReferenceShelf(folder, records), {}
    for record in records:
        made[record.method, record.key] = own = _check(folder, record, shelf)
        counts = f"{len(own.reproduced)} reproduced, {len(own.claimed)} claimed"
        say(f"{label_of(record)}: {counts}{f', {len(own.wrong)} WRONG' if own.wrong else ''}")
    return made


def reproduce(
    folder: str | Path,
    name: str | Path | None = None,
    *,
    scores: bool = True,
    say: Callable[[str], None] = lambda text: None,
) -> Path:
    """Check a board's numbers and write what came of it beside them, as reproduced.json.

    Args:
        name: what an error calls the folder; by default itself.
        scores: False where they will not be published: everything is claimed then, once nothing is wrong.

    Raises:
        UserError: a number is not what its scores give; all of them are named, and nothing is written.
    """
    folder = Path(folder)
    known = check(folder, say)
    if wrong := [line for own in known.values() for line in own.wrong]:
        count = "1 number" if len(wrong) == 1 else f"{len(wrong)} numbers"
        raise UserError(
            f"{count} in {name or folder} not what the scores give:\n"
            + "\n".join(f"  {line}" for line in wrong)
            + "\nRecords are never edited: delete these and run the same command again, or raise the metric's version where its "
            "formula changed."
        )
    table = {}
    for (method, key), own in known.items():
        hidden = {} if scores else dict.fromkeys(own.reproduced, UNPUBLISHED)
        table[f"{method}/{key}"] = {
            "sha256": digest(record_path(folder, method, key)),
            "reproduced": len(own.reproduced) if scores else 0,
            "claimed": _by_reason(own.claimed | hidden),
        }
    write_json(folder / FILE, {"checked": now(), "records": table})
    return folder / FILE


def read_claims(folder: str | Path, records: Iterable[Record]) -> dict[tuple[str, str], dict[str, str]] | None:
    """(method, key) -> claimed column -> why; the other columns are reproduced. None where nothing was checked.

    A record that is not in the file, or was changed since, claims everything.

    Raises:
        UserError: reproduced.json is damaged.
    """
    path = Path(folder) / FILE
    if not path.is_file():
        return None
    try:
        table = read_json(path, "the file")["records"]
        return {(r.method, r.key): _claims(Path(folder), r, table.get(f"{r.method}/{r.key}")) for r in records}
    except (KeyError, TypeError, AttributeError):
        raise UserError(f"{path} is damaged; make it again: python run_benchmark.py reproduce {folder}") from None


def _claims(folder: Path, record: Record, stated: dict[str, Any] | None) -> dict[str, str]:
    path = record_path(folder, record.method, record.key)
    why = "nobody has checked it" if stated is None else ""
    if stated is not None and (not path.is_file() or digest(path) != stated["sha256"]):
        why = "its record was changed after it was checked"
    if stated is None or why:
        return dict.fromkeys([*record.metrics, ROWS], why)
    return {column: reason for reason, columns in stated["claimed"].items() for column in columns}


def digest(path: Path) -> str:
    """SHA-256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _by_reason(claimed: dict[str, str]) -> dict[str, list[str]]:
    made: dict[str, list[str]] = {}
    for column, why in claimed.items():
        made.setdefault(why, []).append(column)
    return made


def _check(folder: Path, record: Record, shelf: ReferenceShelf) -> Checked:
    columns = [*record.metrics, *([ROWS] if record.forget_rows else [])]
    path = scores_path(record_path(folder, record.method, record.key))
    if not path.is_file():
        missing = NO_SCORES["imported"] if record.source == "imported" else "it has no scores"
        return Checked(claimed=dict.fromkeys(columns, missing))
    try:
        scores, whole = load_scores(path), _has_others(folder, record, shelf)
        measured = measure_again(record, scores, None, shelf) if whole else metrics.measure_all(scores, names=alone())
    except UserError as error:
        return Checked(claimed=dict.fromkeys(columns, str(error).partition(". Delete")[0]))
    claimed, wrong = {}, {}
    for column in columns:
        if column != ROWS and (why := _not_comparable(record.metrics[column], measured.get(column), whole)):
            claimed[column] = why
        elif (
            other := _other_rows(record, scores) if column == ROWS else _other_number(record, column, measured[column])
        ):
            wrong[column] = f"{label_of(record)}: {column}{other}"
    same = tuple(column for column in columns if column not in claimed and column not in wrong)
    return Checked(same, claimed, tuple(wrong.values()))


def _has_others(folder: Path, record: Record, shelf: ReferenceShelf) -> bool:
    """Whether the board has the scores of just those models that the record was compared with."""
    if record.source == "imported":
        return True
    others = [other for known in shelf.records_of(record).values() for other in known]
    paths = [scores_path(record_path(folder, other.method, other.key)) for other in others]
    return _named(shelf.keys_of(record)) == _named(record.compared_with) and all(path.is_file() for path in paths)


def _named(keys: dict[str, list[str]]) -> dict[str, list[str]]:
    """Kinds of which there are any: a record may leave the others out."""
    return {kind: own for kind, own in keys.items() if own}


def _not_comparable(old: dict[str, Any], new: metrics.Measurement | None, whole: bool) -> str:
    """Why a column cannot be told to be right or wrong; "" where it can."""
    if new is None:
        return "no metric of this version gives it" if whole else NO_COMPARISON
    if (version := old.get("version", 1)) != new.version:
        return f"version {version} of its metric, not {new.version}"
    more = sorted((old.get("extra") or {}).keys() - new.extra.keys())
    return f"its {more[0]} is nothing that this version gives" if more else ""


def _other_number(record: Record, column: str, measured: metrics.Measurement) -> str:
    """What a column has that its scores do not give, as the end of a sentence; "" where all is the same."""
    old, new = record.metrics[column], measured.to_json()
    metric = metrics.metric_of().get(column)
    near = 0.0 if metric is not None and metric.unit == P_VALUE else NOISE
    for key in ("value", "low", "high", "n"):
        if not _same(old.get(key), new[key], near):
            return f"{'' if key == 'value' else chr(39) + 's ' + key} is {old.get(key)}; its scores give {new[key]}"
    before, after = old.get("extra") or {}, new.get("extra") or {}
    for key in sorted(before.keys() & after.keys()):  # later versions of the program may add some
        if not _same(before[key], after[key], near):
            return f"'s {key} is {before[key]}; its scores give {after[key]}"
    return ""


def _other_rows(record: Record, scores: Scores) -> str:
    """The same of the row statistics; those that this version does not make are left alone."""
    new = forget_rows_of(scores)
    for name in record.forget_rows.keys() & new.keys():
        old = record.forget_rows[name]
        if len(old) != len(new[name]) or not all(_same(a, b, NOISE) for a, b in zip(old, new[name], strict=True)):
            return f": {name} is not that of its scores"
    return ""


def _same(old: Any, new: Any, near: float) -> bool:
    """Whether two values are the same number; what is no number (a word, None on both sides) is nothing to compare."""
    numbers = [isinstance(x, int | float) and not isinstance(x, bool) for x in (old, new)]
    return all(numbers) and math.isclose(old, new, rel_tol=CLOSE, abs_tol=near) if any(numbers) else True
