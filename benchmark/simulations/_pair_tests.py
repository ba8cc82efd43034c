"""Tests of which rows of a board differ: the one in use beside two that were left for it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
from scipy import stats

from benchmark.common.paired import ALIKE, LEVEL, holm, smallest_sign_flip_p
from benchmark.simulations._boards import SPREADS
from metrics.calibration.pairs import lower, sign_vectors

ROWS = (15, 55)
AUTHORS = (8, 20)
AT_ONCE = 500  # sign vectors; 6 MB of sums for 55 rows


def joint(means: np.ndarray) -> np.ndarray:
    """[P] whether the test in use tells a pair apart, pairs in the order of ``numpy.triu_indices``; means are [M, G]."""
    below = lower(means)
    return np.asarray((below | below.T)[np.triu_indices(len(means), 1)])


def standardised(means: np.ndarray) -> np.ndarray:
    """The same with each pair's differences divided by their root mean square over authors."""
    i, j = np.triu_indices(len(means), 1)
    d = means[i] - means[j]
    size = np.linalg.norm(d, axis=1, keepdims=True)
    d /= np.where(size > 0, size, 1)
    signs, least = sign_vectors(d.shape[1]), np.abs(d.sum(axis=1)) - ALIKE
    called = np.zeros(len(d), dtype=bool)
    while not called.all():
        parts = range(0, len(signs), AT_ONCE)
        largest = np.concatenate([np.abs(d[~called] @ signs[v : v + AT_ONCE].T).max(axis=0) for v in parts])
        more = ~called & ((largest >= least[:, None]).mean(axis=1) <= LEVEL)
        if not more.any():
            break
        called |= more
    return called


def single(means: np.ndarray) -> np.ndarray:
    """A test a pair with Holm's correction: sign flips where they reach its smallest level, else t."""
    i, j = np.triu_indices(len(means), 1)
    d = means[i] - means[j]
    if smallest_sign_flip_p(d.shape[1]) > LEVEL / len(d):
        return np.asarray(holm(stats.ttest_1samp(d, 0, axis=1).pvalue) <= LEVEL)
    as_far = np.abs(sign_vectors(d.shape[1]) @ d.T) >= np.abs(d.sum(axis=1)) - ALIKE
    return np.asarray(holm(as_far.mean(axis=0)) <= LEVEL)


TESTS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "joint signs (in use)": joint,
    "joint signs, standardised": standardised,
    "single tests, Holm": single,
}


def wrong_compared(repetitions: int) -> pd.DataFrame:
    """Family-wise error of each test, in %: a row a spread, number of authors and number of rows."""
    made = []
    for number, spread in enumerate(SPREADS):
        for authors in AUTHORS:
            for rows in ROWS:
                rng, called = np.random.default_rng([authors, number]), np.zeros(len(TESTS))
                for _ in range(repetitions):
                    board = spread.draw(rng, rows, authors)
                    called += [test(board).any() for test in TESTS.values()]
                made.append([spread.name, str(authors), str(rows), *(100 * called / repetitions)])
    return pd.DataFrame(made, columns=["spread", "authors", "rows", *TESTS])


def power_compared(repetitions: int) -> pd.DataFrame:
    """Share of the better row's pairs that each test calls, in %, on boards of rows that are alike and of wide ones."""
    made = []
    for spread in (SPREADS[0], SPREADS[5]):
        for authors in AUTHORS:
            for rows in ROWS:
                for better in (1, 2):
                    rng, called = np.random.default_rng([authors, better]), np.zeros(len(TESTS))
                    for _ in range(repetitions):
                        board = spread.draw(rng, rows, authors)
                        board[0] -= better * np.sqrt(2)
                        called += [test(board)[: rows - 1].mean() for test in TESTS.values()]  # pairs with row 0 lead
                    made.append([spread.name, str(authors), str(rows), str(better), *(100 * called / repetitions)])
    return pd.DataFrame(made, columns=["spread", "authors", "rows", "better by", *TESTS])
