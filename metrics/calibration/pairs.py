"""Which rows of a board differ: one sign-flip test over authors for all pairs at once.

Where two rows do not differ, an author's difference is as likely with the other sign. The authors' signs are flipped
for all rows together, which keeps how the pairs hang together, and a pair is called if its mean difference is larger
than the largest of all pairs under 95 % of the sign vectors. Called pairs are taken out, and the rest tested again until
none is called (step-down: Westfall and Young 1993, Resampling-Based Multiple Testing; Romano and Wolf 2005, Journal of
the American Statistical Association 100, 94-108). The chance of one wrong call or more is then at most 5 %, whichever
pairs differ, if the differences of those that do not are jointly symmetric around 0. With G authors p is never below
2 / 2^G: five or fewer call nothing.

Chosen among three by simulation (docs/simulations/ranks.md, the last two tables): this test; the same with a pair's
differences divided by their root mean square over authors; a test a pair with Holm's correction. Wrong calls on boards
whose rows are skewed and uneven, or skewed to both sides: 3-9 %, 13-45 % and 7-35 % of boards; the other two take a pair
whose authors happen to agree for a sure one. On normal rows of one spread its power is never below theirs. Its price:
all pairs are measured against the widest. Where a third of the rows has five times the spread, it calls at most 4 % of
the pairs of a row that is better by 1 or 2, the others up to 69 %. One skewed row five times as wide as the others is called wrongly on 7-10 % of boards.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from benchmark.common.paired import ALIKE, ALL_SIGNS_UP_TO, DRAWS, LEVEL, SEED


def lower(means: np.ndarray) -> np.ndarray:
    """[M, M] bool: whether row i has a lower mean than row j, family-wise level 5 % over all pairs of the board.

    Args:
        means: [M, G] finite errors by author.
    """
    sums, total = means @ sign_vectors(means.shape[1]).T, means.sum(axis=1)
    rounding = ALIKE * np.abs(means).sum(axis=1)
    least = np.abs(total[:, None] - total) - (rounding[:, None] + rounding)
    untold = np.ones((len(means), len(means)), dtype=bool)
    while (called := untold & (_p_values(sums, least, untold) <= LEVEL)).any():
        untold &= ~called
    return np.asarray(~untold & (total[:, None] < total))


def _p_values(sums: np.ndarray, least: np.ndarray, untold: np.ndarray) -> np.ndarray:
    """[M, M] share of sign vectors under which the largest difference of the pairs left is at least ``least``.

    Args:
        sums: [M, V] over authors, by sign vector.
        least: [M, M] the pairs' own differences of sums, less rounding.
        untold: [M, M] the pairs that are left, and the diagonal.
    """
    largest = np.zeros(sums.shape[1])
    others, which = np.unique(untold, axis=0, return_inverse=True)  # most rows are left with the same others
    for number, mask in enumerate(others):
        farthest = sums[mask].max(axis=0) - sums[which.ravel() == number].min(axis=0)
        largest = np.maximum(largest, farthest)
    smaller = np.searchsorted(np.sort(largest), least)
    return np.asarray((len(largest) - smaller) / len(largest))


@lru_cache(maxsize=4)
def sign_vectors(clusters: int) -> np.ndarray:
    """[V, G] of 1 and -1, the first all 1: all up to 13 clusters, else 9,999 draws with a fixed seed besides.

    A vector and its opposite give the same absolute sums, so that of all vectors one of each two is left out.
    """
    if clusters > ALL_SIGNS_UP_TO:
        drawn = np.random.default_rng(SEED).integers(0, 2, (DRAWS, clusters), dtype=np.int8)
        # The data's own signs are one more draw: p is never 0 (Phipson and Smyth 2010).
        return np.vstack([np.ones((1, clusters)), 2.0 * drawn - 1])
    return 1.0 - 2 * (np.arange(2 ** (clusters - 1))[:, None] >> np.arange(clusters) & 1)
