"""The percentile bootstrap over authors, which the jackknife was chosen over; counts are drawn once for all data sets."""

from __future__ import annotations

import numpy as np

from benchmark.common.statistics import LEVEL

DRAWS = 1000


def counts(rng: np.random.Generator, authors: int, draws: int = DRAWS) -> np.ndarray:
    """[draws, G] how often each author is drawn."""
    return rng.multinomial(authors, np.full(authors, 1 / authors), size=draws).astype(np.float64)


def limits(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """``(low, high)`` of [draws, ...], each [...]: the middle 95 % of the draws."""
    low, high = np.quantile(values, [(1 - LEVEL) / 2, (1 + LEVEL) / 2], axis=0)
    return low, high


def resampled_means(drawn: np.ndarray, means: np.ndarray) -> np.ndarray:
    """[draws, ...] means over drawn authors [draws, G] of authors' own means [G, ...], all of the same number of rows."""
    return np.tensordot(drawn, means, axes=1) / drawn.shape[1]


def resampled_aucs(drawn: tuple[np.ndarray, np.ndarray], wins: np.ndarray) -> np.ndarray:
    """[draws] AUC over drawn forget and held-out authors, from the AUC of each pair of authors [G, H]."""
    forget, holdout = drawn
    return np.asarray(np.einsum("dg,gh,dh->d", forget, wins, holdout, optimize=True) / np.prod(wins.shape))


def resampled_ks(drawn: np.ndarray, ours: np.ndarray, theirs: np.ndarray, codes: np.ndarray) -> np.ndarray:
    """[draws] D of two models' rows [n] over drawn authors; no value occurs twice but by being drawn twice."""
    order = np.argsort(np.concatenate([ours, theirs]))
    weights = drawn[:, codes]  # [draws, n]; every draw has n rows
    steps = np.hstack([weights, -weights])[:, order] / len(ours)
    return np.asarray(np.abs(np.cumsum(steps, axis=1)).max(axis=1))
