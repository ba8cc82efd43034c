"""``import --beside``: a log's numbers and our own of the same model, side by side, with the reason for each difference."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import metrics
from benchmark.common.errors import UserError
from benchmark.common.files import read_json
from benchmark.evaluation.scores import Scores
from benchmark.records.importers.measure import REPLICAS
from benchmark.records.importers.reasons import FORMULA, ROWS, base, legend, why_differs
from benchmark.records.importers.rows_apart import rows_apart
from benchmark.records.record import Record, load_record, record_path, scores_path
from benchmark.records.score_files import load_scores

HEADS = ("metric", "log", "ours", "log - ours", "why")


@dataclass(frozen=True)
class Ours:
    """Numbers of this project's own: of ``score``, or of a board's record."""

    file: Path
    split: str
    metrics: dict[str, dict[str, Any]]  # column -> as in a record
    scores: Scores | None  # what they were computed from, where it lies beside the file


@dataclass(frozen=True)
class Pair:
    """A metric that both have."""

    column: str
    log: float
    stated: bool  # by the log; else computed from its rows
    ours: float
    reasons: tuple[str, ...]  # () where the two are equal
    alike: str = ""  # another column of ours that is the log's number

    @property
    def why(self) -> str:
        """The reasons as the table shows them."""
        return "equal" if not self.reasons else ", ".join(self.reasons) + (f" ({self.alike})" if self.alike else "")


def load_ours(file: Path) -> Ours:
    """The numbers in a FILE that ``score`` wrote, or in a board's record.

    Raises:
        UserError: it is neither, or is damaged.
    """
    file = Path(file)
    if not file.is_file():
        raise UserError(f"--beside: there is no file {file}; give the FILE of a `score` of the same model")
    data = read_json(file, "our own numbers")
    if isinstance(data, dict) and {"key", "method"} <= data.keys():
        record = load_record(file)
        return Ours(file, record.split, record.metrics, _scores(scores_path(file)))
    try:
        split, measured, scores = str(data["data"]["split"]), dict(data["metrics"]), file.parent / data["scores"]
    except (KeyError, TypeError, ValueError):
        raise UserError(
            f"{file}: expected the FILE of a `score`, or a record of a board "
            "(results/BOARD/records/METHOD/KEY.json); give one of the same model as --beside"
        ) from None
    return Ours(file, split, measured, _scores(scores))


def _scores(path: Path) -> Scores | None:
    return load_scores(path) if path.exists() else None


def compare(record: Record, ours: Ours) -> list[Pair]:
    """What the log of an imported record and ``ours`` both have, in the order of a board's columns.

    Raises:
        UserError: they are of different splits.
    """
    if record.split != ours.split:
        raise UserError(
            f"{ours.file} is of {ours.split}, the log of {record.split}: give as --beside a score of the same split"
        )
    theirs, own = _values(record.metrics), _values(ours.metrics) | _replicas(ours.scores)
    pairs = []
    for column in dict.fromkeys([*record.metrics, *record.reported]):
        claim, again, value = record.reported.get(column), theirs.get(column), own.get(column)
        log = again if claim is None else claim
        if log is None or value is None or column.endswith(REPLICAS):
            continue
        reasons, alike = why_differs(column, record.config["format"], claim, theirs, own)
        counts = [measured.get(column, {}).get("n") for measured in (record.metrics, ours.metrics)]
        if reasons and again is not None and counts[0] != counts[1]:
            reasons = [*reasons, ROWS]
        pairs.append(Pair(column, log, claim is not None, value, tuple(reasons), alike))
    return pairs


def _values(measured: dict[str, dict[str, Any]]) -> dict[str, float]:
    return {column: m["value"] for column, m in measured.items() if m.get("value") is not None}


def _replicas(scores: Scores | None) -> dict[str, float]:
    """The suites' formulas on our rows, as far as they need no other model."""
    if scores is None:
        return {}
    names = [m["name"] for m in metrics.describe() if m["replica"] and not {*m["needs"]} - {"holdout"}]
    measured = metrics.measure_all(scores, names=names)
    return {column: m.value for column, m in measured.items() if m.value is not None}


def beside_lines(record: Record, board: Path, ours: Ours) -> list[str]:
    """The table, what its reasons mean, and how far the rows lie apart, in lines to print.

    Args:
        board: the folder with the record, where the log's scores lie.

    Raises:
        UserError: as ``compare``.
    """
    pairs = compare(record, ours)
    if not pairs:
        return [f"beside {ours.file}: it and the log have no metric in common"]
    rows = [
        (p.column, f"{p.log:.6g}{'' if p.stated else '*'}", f"{p.ours:.6g}", f"{p.log - p.ours:+.2g}", p.why)
        for p in pairs
    ]
    widths = [max(map(len, column)) for column in zip(HEADS, *rows, strict=True)]
    lines = [f"beside {ours.file}: {len(pairs)} metrics that both have"]
    lines += ["  ".join(map(str.ljust, row, widths)).rstrip() for row in (HEADS, *rows)]
    if not all(p.stated for p in pairs):
        lines.append("* computed from the log's rows: it states no such number")
    formulas = [base(p.column) for p in pairs if FORMULA in p.reasons]
    lines += legend(record.config["format"], formulas, [reason for p in pairs for reason in p.reasons])
    return lines + rows_apart(_scores(scores_path(record_path(Path(board), record.method, record.key))), ours.scores)
