"""Columns that can be made again from the forget rows that records hold, so that two boards can be paired author by author."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from benchmark.common.jackknife import clusters
from benchmark.leaderboard.board import Board
from benchmark.leaderboard.entries import Entry
from benchmark.records.record import Record
from metrics.calibration.distance import largest_distance
from metrics.calibration.headline import DISTANCE
from metrics.calibration.residual import share_left
from metrics.calibration.row_statistics import STATISTICS

# Column -> the row statistics that it is the largest of, or the one that it is made of (metrics/calibration/row_statistics.py).
DISTANCES = {
    "distance": ("truth_ratio",),
    "distance_gold": ("gold",),
    "distance_paraphrase": ("paraphrase",),
    DISTANCE: STATISTICS,
}
RESIDUALS = {"residual": "truth_ratio", "residual_gold": "gold", "residual_paraphrase": "paraphrase"}
MEANS: dict[str, tuple[str, Callable[[np.ndarray], np.ndarray]]] = {
    "forget_probability": ("gold", lambda z: np.exp(np.minimum(z, 0.0))),
    "forget_truth_ratio": ("truth_ratio", lambda z: np.exp(-np.abs(z))),
}
SAME = 1e-6  # relative: a column that is made again has the board's own value, or is not used


@dataclass(frozen=True)
class Rows:
    """A row's records with those of the models that they were compared with."""

    entry: Entry
    runs: list[Record]  # one a seed, of unlearning and of the fine-tuned model
    retrained: list[Record]
    finetuned: list[Record | None]  # of each run

    @property
    def authors(self) -> np.ndarray:
        """[n] of the forget rows; empty where the records do not hold them."""
        return np.array(self.runs[0].forget_rows.get("author", ()) if self.runs else (), dtype=np.int64)


def rows_of(board: Board, entry: Entry) -> Rows:
    """A row's records that have numbers; retrained and fine-tuned models as far as the board has them."""
    runs = [record for record in board.records_of(entry) if record.status != "failed" and record.forget_rows]
    keys = {tuple(record.compared_with.get("retrained", ())) for record in runs}
    retrained = [_known(board, "retrained", key) for key in (next(iter(keys)) if len(keys) == 1 else ())]
    whole = [record for record in retrained if record is not None]
    finetuned = [_known(board, "finetuned", *record.compared_with.get("finetuned", ())[:1]) for record in runs]
    return Rows(entry, runs, whole if len(whole) == len(retrained) else [], finetuned)


def _known(board: Board, kind: str, key: str | None = None) -> Record | None:
    """A model's record with its forget rows, where the board has them."""
    record = None if key is None else board.by_key.get((kind, key))
    return record if record is not None and record.forget_rows else None


def same_rows(a: Rows, b: Rows) -> bool:
    """Whether both hold the same forget rows: of one dataset and split, by the same authors in the same order."""
    if not len(a.authors) or not np.array_equal(a.authors, b.authors):
        return False
    identities = {record.dataset.get("identity") for record in (*a.runs, *b.runs)}
    lengths = {len(record.forget_rows["author"]) for record in (*a.runs, *b.runs, *a.retrained, *b.retrained)}
    return len(identities) == 1 and None not in identities and len(lengths) == 1


def without_each(rows: Rows, column: str) -> np.ndarray | None:
    """[1 + G] a column's mean over seeds from all authors, then without each in turn; None where it cannot be made."""
    codes, count = clusters(rows.authors)
    made = [_value(rows, column, np.ones(len(codes), dtype=bool))]
    own = rows.entry.value(column)
    if own is None or not np.isclose(made[0], own, rtol=SAME, atol=SAME):
        return None
    return np.array([*made, *(_value(rows, column, codes != author) for author in range(count))])


def _value(rows: Rows, column: str, stay: np.ndarray) -> float:
    """Mean over seeds, from the forget rows that stay; NaN where it is not defined."""
    if column in MEANS:
        statistic, transform = MEANS[column]
        values = [np.nanmean(transform(record.row_statistic(statistic)[stay])) for record in rows.runs]
        return float(np.mean(values))
    if len(rows.retrained) < 2:
        return float("nan")
    if column in DISTANCES:
        pools = {s: np.stack([r.row_statistic(s)[stay] for r in rows.retrained]) for s in DISTANCES[column]}
        return _mean([largest_distance((run.row_statistic(s)[stay], z) for s, z in pools.items()) for run in rows.runs])
    finetuned = [record for record in rows.finetuned if record is not None]
    if column not in RESIDUALS or len(finetuned) < len(rows.runs):
        return float("nan")
    statistic = RESIDUALS[column]
    retrained = np.stack([record.row_statistic(statistic)[stay] for record in rows.retrained])
    return _mean(
        [
            _residual(run.row_statistic(statistic)[stay], retrained, tuned.row_statistic(statistic)[stay])
            for run, tuned in zip(rows.runs, finetuned, strict=True)
        ]
    )


def _residual(run: np.ndarray, retrained: np.ndarray, finetuned: np.ndarray) -> float | None:
    """As metrics/calibration/residual.py has it, without the test whether there is anything to be left."""
    kept = ~np.isnan(np.vstack([run, retrained, finetuned])).any(axis=0) & np.isfinite(retrained).all(axis=0)
    if not kept.any():
        return None
    center = retrained[:, kept].mean(axis=0)
    return share_left(run[kept] - center, finetuned[kept] - center)


def _mean(values: list[float | None]) -> float:
    known: Mapping[int, float] = {i: value for i, value in enumerate(values) if value is not None}
    return float(np.mean(list(known.values()))) if len(known) == len(values) and known else float("nan")
