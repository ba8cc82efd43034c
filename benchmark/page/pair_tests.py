"""A row against every other of its split: the difference in error with an interval, and what the tests of all pairs say."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmark.common.paired import t_interval
from benchmark.leaderboard.board import Board
from benchmark.leaderboard.entries import Entry
from benchmark.leaderboard.ranking import errors_of_split
from benchmark.page.rows import short


def paired(board: Board) -> dict[tuple[str, str], list[dict[str, Any]]]:
    """(split, row) -> a line for each other ranked row of the split.

    ``difference`` is the row's mean error less the other's, in distances between retrained models, with Student's 95 % interval over authors for this pair
    alone. ``verdict`` is of the sign-flip test of all pairs at once (metrics/calibration/pairs.py): "nearer", "farther" or
    "tied". The two need not agree: the interval is not corrected for the number of pairs.
    """
    made = {}
    for split in board.splits:
        ranked = {e.method: e for e in board.rows if e.split == split and e.rank is not None and e.rank.low is not None}
        errors = errors_of_split(board.rows, split, board.records)
        means = {name: errors[name].mean(axis=0) for name in ranked if name in errors}
        for name, own in means.items():
            others = [(other, ranked[name], own - theirs) for other, theirs in means.items() if other != name]
            made[split, name] = [_line(*line) for line in others]
    return made


def _line(other: str, entry: Entry, differences: np.ndarray) -> dict[str, Any]:
    limits = t_interval(differences) if len(differences) > 1 else None
    low, high = limits or (None, None)
    rank = entry.rank
    verdict = "tied"
    if rank is not None:
        verdict = "nearer" if other in rank.worse else "farther" if other in rank.better else "tied"
    return {"other": other, "difference": short(float(differences.mean()), 4), "low": short(low, 4), "high": short(high, 4),
            "verdict": verdict}  # fmt: skip
