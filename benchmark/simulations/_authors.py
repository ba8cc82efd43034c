"""Rows of authors whose expected value is known: Beta shares, 0/1 values and normal losses, alike within an author."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from benchmark.simulations._models import ROWS_EACH

CONCENTRATION = 4.0  # of the Beta distribution of shares: standard deviation 0.2 around 0.7
GRID = np.linspace(-6, 6, 6001)


def codes(authors: int) -> np.ndarray:
    """[n] the author of each row, n = 20 an author."""
    return np.repeat(np.arange(authors), ROWS_EACH)


def normals(rng: np.random.Generator, authors: int, correlation: float, draws: int, columns: int = 1) -> np.ndarray:
    """[draws, n, columns] standard normal numbers; two rows of one author correlate by ``correlation``, columns do not."""
    shared = rng.standard_normal((draws, authors, 1, columns))
    own = rng.standard_normal((draws, authors, ROWS_EACH, columns))
    mixed = np.sqrt(correlation) * shared + np.sqrt(1 - correlation) * own
    return np.asarray(mixed.reshape(draws, authors * ROWS_EACH, columns))


def shares(z: np.ndarray, mean: float) -> np.ndarray:
    """Beta-distributed values in (0, 1) with that mean, by the quantiles of standard normal ``z``."""
    return np.interp(z, GRID, _quantiles(mean))


@lru_cache
def _quantiles(mean: float) -> np.ndarray:
    """The Beta distribution's quantiles at ``GRID``: inverting it for each value would take most of a simulation's time."""
    from scipy.special import betaincinv, ndtr

    return np.asarray(betaincinv(CONCENTRATION * mean, CONCENTRATION * (1 - mean), ndtr(GRID)))


def hits(z: np.ndarray, mean: float) -> np.ndarray:
    """0 or 1, 1 with probability ``mean``, by the quantiles of standard normal ``z``."""
    from scipy.special import ndtri

    return np.asarray(z < ndtri(mean), dtype=np.float64)


def auc_of_shift(shift: float) -> float:
    """P(held-out > forget) of standard normal losses of which the held-out ones are higher by ``shift``."""
    from scipy.special import ndtr

    return float(ndtr(shift / np.sqrt(2)))


def ks_of_shift(shift: float) -> float:
    """Kolmogorov-Smirnov's D of two normal populations of which one is higher by ``shift``."""
    from scipy.special import ndtr

    return float(2 * ndtr(shift / 2) - 1)
