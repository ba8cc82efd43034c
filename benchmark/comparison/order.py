"""The order of the methods on two boards: places, the places that tests leave open, and how alike the orders are.

Only methods that are ranked on both boards count: their places, and the sets of places from each board's own tests over
authors, are among these. Two sets that do not overlap are an order that changed beyond what authors explain; sets say nothing
of seeds and machines (metrics/calibration/ranks.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from benchmark.common.rank_correlation import RankCorrelation, kendall, mean_ranks, spearman
from benchmark.leaderboard.entries import METHODS, Entry
from metrics.calibration.headline import DISTANCE

BY = (DISTANCE, "forget_quality")  # the first that all methods have on both boards
HIGHER = ("forget_quality",)  # is better


@dataclass(frozen=True)
class Places:
    """Of one method among those that are ranked on both boards."""

    a: float  # 1 is the best; ties share the mean
    b: float
    set_a: tuple[int, int] | None  # places that board a's tests leave open; None where it has none
    set_b: tuple[int, int] | None

    @property
    def overlap(self) -> bool | None:
        """Whether some place is left open by both boards; None where one has no tests."""
        if self.set_a is None or self.set_b is None:
            return None
        return max(self.set_a[0], self.set_b[0]) <= min(self.set_a[1], self.set_b[1])


@dataclass(frozen=True)
class Order:
    """Of one split."""

    split: str
    by: str  # the column that orders both
    places: dict[str, Places]  # method -> its places
    left_out: tuple[str, ...]  # methods that are ranked on one of the two only
    tau: RankCorrelation
    rho: RankCorrelation

    @property
    def moved(self) -> list[str]:
        """Methods that have another place on the other board."""
        return [method for method, places in self.places.items() if places.a != places.b]


def order_of(split: str, pairs: Sequence[tuple[Entry, Entry]]) -> Order | None:
    """The two orders of a split's methods; None where fewer than two are ranked on both.

    Args:
        pairs: the split's rows that both boards have.
    """
    ranked = [(a, b) for a, b in pairs if counts(a) and counts(b)]
    by = next((c for c in BY if all(e.value(c) is not None for pair in ranked for e in pair)), None)
    if by is None or len(ranked) < 2:
        return None
    sign = -1.0 if by in HIGHER else 1.0
    values = [[sign * float(entry.value(by) or 0.0) for entry in side] for side in zip(*ranked, strict=True)]
    names = {a.method for a, _ in ranked}
    firsts, seconds = (mean_ranks(np.array(side)).tolist() for side in values)
    places = {
        a.method: Places(first, second, _set(a, names), _set(b, names))
        for (a, b), first, second in zip(ranked, firsts, seconds, strict=True)
    }
    left_out = tuple(a.method for a, b in pairs if counts(a) != counts(b))
    return Order(split, by, places, left_out, kendall(*values), spearman(*values))


def counts(entry: Entry) -> bool:
    """Whether a row is among the methods that a board ranks."""
    return entry.is_sound and entry.block == METHODS


def _set(entry: Entry, names: set[str]) -> tuple[int, int] | None:
    """Its rank set among ``names``: the board's own calls, of which those of other methods are left out."""
    rank = entry.rank
    if rank is None or rank.low is None:
        return None
    return 1 + len(names & set(rank.better)), len(names) - len(names & set(rank.worse))
