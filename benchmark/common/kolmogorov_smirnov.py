"""The two-sample Kolmogorov-Smirnov test, exact and without underflow."""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass

import numpy as np

LARGEST_EXACT = 10_000  # sample size up to which the default of SciPy is the exact distribution


@dataclass(frozen=True)
class KS:
    """A two-sided two-sample Kolmogorov-Smirnov test. ``log10_p`` is finite even where ``pvalue`` is 0."""

    statistic: float
    pvalue: float
    log10_p: float
    n: int
    m: int


def ks_two_sample(a: np.ndarray, b: np.ndarray) -> KS:
    """``scipy.stats.ks_2samp(a, b)`` with its defaults, and log10 p without underflow.

    Args:
        a: [n] and b: [m], finite.

    Raises:
        ValueError: a sample is empty or has a value that is not finite.
    """
    from scipy.stats import ks_2samp  # half a second to import, and most metrics do without

    a, b = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    if not len(a) or not len(b) or not (np.isfinite(a).all() and np.isfinite(b).all()):
        raise ValueError("both samples need at least one value, all finite: leave undefined rows out first")
    with warnings.catch_warnings():
        # For the smallest D, SciPy's exact p may come out a rounding error above 1; it then warns and takes
        # the asymptotic p, which is within 1e-14 of 1 too.
        warnings.filterwarnings("ignore", message="ks_2samp: Exact calculation unsuccessful")
        result = ks_2samp(a, b)
    statistic, p = float(result.statistic), float(result.pvalue)
    # Below 1e-300 a double loses digits and then becomes 0: continue in log space.
    log10_p = math.log10(p) if p > 1e-300 else _log_tail(statistic, len(a), len(b)) / math.log(10)
    return KS(statistic, p, log10_p + 0.0, len(a), len(b))


def _log_tail(statistic: float, n: int, m: int) -> float:
    """Natural log of P(D >= statistic) under the null, for p-values that underflow.

    Exact by Hodges' recursion (1958) over lattice paths from (0, 0) to (n, m): the last step to (i, j) comes
    from (i - 1, j) with probability i / (i + j), and a path counts once |i/n - j/m| reaches D. Solved along
    antidiagonals. Beyond ``LARGEST_EXACT`` it is the first term of Kolmogorov's asymptotic series.
    """
    if max(n, m) > LARGEST_EXACT:
        return math.log(2) - 2 * statistic**2 * n * m / (n + m)
    limit = round(statistic * n * m)
    i = np.arange(n + 1)
    log_p = np.full(n + 1, -np.inf)  # at (0, 0) no path has reached D yet
    with np.errstate(divide="ignore"):
        for s in range(1, n + m + 1):
            share = np.log(np.clip(i / s, 0, 1)), np.log(np.clip(1 - i / s, 0, 1))
            shifted = np.concatenate([[-np.inf], log_p[:-1]])
            log_p = np.logaddexp(share[0] + shifted, share[1] + log_p)
            log_p[np.abs(i * m - (s - i) * n) >= limit] = 0.0
    return float(log_p[n])
