"""How alike two boards order the methods, by each column: what of one board carries over to another.

Methods that are ranked on both boards count. A column's order is from better to worse: by the value, or, where nearer to the retrained
models is better, by how far it is from their row's. A column by which the orders of two boards have nothing to do with each other says little of
the methods, however sure each board is of it. What varies in the interval: the methods (benchmark/common/rank_correlation.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from benchmark.common.rank_correlation import RankCorrelation, kendall, spearman
from benchmark.comparison.order import counts
from benchmark.leaderboard.board import Board
from benchmark.leaderboard.entries import Entry

FEWEST = 5  # methods, for a line


@dataclass(frozen=True)
class Agreement:
    """Of one column on one split."""

    split: str
    column: str
    methods: int  # that have a value on both boards
    tau: RankCorrelation
    rho: RankCorrelation


def agreements(a: Board, b: Board, pairs: Sequence[tuple[Entry, Entry]], columns: Sequence[str]) -> list[Agreement]:
    """Of each split and column with enough methods, in the order given."""
    made = []
    for split in dict.fromkeys(entry.split for entry, _ in pairs):
        ranked = [pair for pair in pairs if pair[0].split == split and all(map(counts, pair))]
        for column in columns:
            values = [(_merit(a, x, column), _merit(b, y, column)) for x, y in ranked]
            known = [(x, y) for x, y in values if x is not None and y is not None]
            if len(known) >= FEWEST:
                first, second = zip(*known, strict=True)
                made.append(Agreement(split, column, len(known), kendall(first, second), spearman(first, second)))
    return made


def _merit(board: Board, entry: Entry, column: str) -> float | None:
    """Smaller is better; None where that is not known."""
    value, way = entry.value(column), board.columns.get(column, {}).get("direction")
    if value is None or way in ("higher", "lower"):
        return None if value is None else -value if way == "higher" else value
    retrained = next((e for e in board.rows if (e.split, e.name, e.role) == (entry.split, "retrained", "model")), None)
    aim = None if retrained is None else retrained.value(column)
    return None if aim is None or way != "target" else abs(value - aim)
