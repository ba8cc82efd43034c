"""The test that ``metrics/calibration/p_retrained.py`` was chosen over: F with an estimated number of independent rows."""

from __future__ import annotations

from functools import lru_cache
from itertools import combinations

import numpy as np


@lru_cache
def disjoint_pairs(models: int) -> np.ndarray:
    """[4, P] model numbers (i, j, k, l): all ways to take the differences i - j and k - l of four models."""
    fours = [
        order for a, b, c, d in combinations(range(models), 4) for order in ((a, b, c, d), (a, c, b, d), (a, d, b, c))
    ]
    return np.array(fours).T


def independent_rows(retrained: np.ndarray) -> float:
    """(tr S)^2 / tr S^2 of the rows' covariance S, from K >= 4 models [K, n]: mean (d.d)(e.e) / mean (d.e)^2."""
    centered = retrained - retrained.mean(axis=0)
    g = centered @ centered.T
    i, j, k, m = disjoint_pairs(len(retrained))
    d, e = g[i, i] + g[j, j] - 2 * g[i, j], g[k, k] + g[m, m] - 2 * g[k, m]
    return float(np.mean(d * e) / np.mean((g[i, k] - g[i, m] - g[j, k] + g[j, m]) ** 2))


def f_test(candidate: np.ndarray, retrained: np.ndarray) -> float:
    """p of mean_i (z_u - mean z)^2 / (v (1 + 1 / K)) by F(n_e, n_e (K - 1)) (Dempster 1958); n_e = n / 4 for K = 3."""
    from scipy.special import fdtrc

    models, n = retrained.shape
    v = retrained.var(axis=0, ddof=1).mean()
    rows = max(1.0, independent_rows(retrained)) if models > 3 else n / 4
    f = np.mean((candidate - retrained.mean(axis=0)) ** 2) / (v * (1 + 1 / models))
    return float(fdtrc(rows, rows * (models - 1), f))
