"""Which distance should order a board: ``python -m benchmark.comparison.headlines results/published/quick-all ...``.

A table a board with a line for each row statistic and one for the largest of the three: how near the nearest useful method comes, which
controls that have forgotten nothing come as near, how far models with a known share of the forget rows are, how many pairs
of methods the board's test tells apart by it, how often it tells retrained models apart (half of them as rows, the other half as the
yardstick, 200 draws of the halves, which overlap), and how alike its order is to that by the largest.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmark.common.console import user_errors
from benchmark.common.errors import UserError
from benchmark.common.rank_correlation import kendall
from benchmark.common.tables import markdown_table
from benchmark.comparison.forget_rows import DISTANCES
from benchmark.leaderboard.board import Board
from benchmark.leaderboard.build import build
from benchmark.leaderboard.controls import is_cheat
from benchmark.leaderboard.entries import METHODS, Entry
from benchmark.leaderboard.numbers import UNKNOWN, number
from benchmark.leaderboard.ranking import errors_of_split, rows_of_records
from metrics.calibration.errors import board_errors
from metrics.calibration.headline import DISTANCE
from metrics.calibration.pairs import lower
from metrics.calibration.ranks import FEWEST_AUTHORS, rank_rows
from metrics.utility_kept import KEPT

HEAD = (
    "column", "nearest useful method", "cheats as near or nearer", "pairs told apart", "halves with retrained models told apart",
    "tau with the largest",
)  # fmt: skip
HALVES = 200


def table(board: Board, split: str) -> str:
    """A Markdown table of a split: one line a distance.

    Raises:
        UserError: no method that keeps enough of utility has a distance.
    """
    rows = [entry for entry in board.rows if entry.split == split]
    known = [e for e in rows if e.role == "control" and e.method.startswith("dose-")]
    known += [e for e in rows if e.role == "model" and e.name in ("base", "finetuned")]
    head, lines = [*HEAD, *(entry.method for entry in known)], []
    useful = [e for e in rows if e.is_sound and e.block == METHODS and e.value(DISTANCE) is not None]
    if not useful:
        raise UserError(
            f"{board.name}, {split}: no method that keeps {KEPT:.0%} has {DISTANCE}: two retrained models are needed"
        )
    for column, statistics in DISTANCES.items():
        nearest = min(useful, key=lambda entry: _far(entry, column))
        cheats = [
            f"{entry.method} ({number(column, entry.value(column))})"
            for entry in rows
            if is_cheat(entry) and _far(entry, column) <= _far(nearest, column) and _kept(entry) >= KEPT
        ]
        ranks = rank_rows(errors_of_split(board.rows, split, board.records, statistics)).values()
        pairs = len(ranks) * (len(ranks) - 1) // 2
        tau = kendall([_far(e, column) for e in useful], [_far(e, DISTANCE) for e in useful]).value
        lines.append(
            [
                f"`{column}`",
                f"{nearest.method} ({number(column, nearest.value(column))})",
                ", ".join(cheats) or "none",
                f"{sum(len(rank.worse) for rank in ranks)} of {pairs}",
                f"{_false_calls(board, split, statistics)} of {HALVES}",
                UNKNOWN if tau is None else f"{tau:.2f}",
                *(number(column, entry.value(column)) for entry in known),
            ]
        )
    return markdown_table(head, lines, "l" * len(head))


def _false_calls(board: Board, split: str, statistics: Sequence[str]) -> int:
    """Of ``HALVES`` draws, in how many a pair of retrained models is told apart when one half is the other's yardstick."""
    records = [r for r in board.records if r.is_retrained and r.split == split and r.forget_rows]
    z, authors = rows_of_records(records, statistics), np.array(records[0].forget_rows["author"], dtype=np.int64)
    rng, wrong = np.random.default_rng(0), 0
    for _ in range(HALVES):
        order = rng.permutation(len(records))
        yardstick, rows = order[: len(order) // 2], order[len(order) // 2 :]
        errors = board_errors({str(i): z[[i]] for i in rows}, z[yardstick], authors).errors
        if not errors:  # half of three models gives no unit
            continue
        means = np.stack([by_seed.mean(axis=0) for by_seed in errors.values()])
        wrong += means.shape[1] >= FEWEST_AUTHORS and bool(lower(means).any())
    return wrong


def _far(entry: Entry, column: str) -> float:
    value = entry.value(column)
    return np.inf if value is None else value


def _kept(entry: Entry) -> float:
    return entry.value("utility_kept") or 0.0


def report(folders: list[Path]) -> str:
    """A heading and a table for each split of each board."""
    boards = [build(folder) for folder in folders]
    parts = [f"## {board.name}, {split}\n\n{table(board, split)}" for board in boards for split in board.splits]
    return "\n\n".join(parts)


if __name__ == "__main__":
    with user_errors():
        print(report([Path(name) for name in sys.argv[1:] or ["results/quick"]]))
