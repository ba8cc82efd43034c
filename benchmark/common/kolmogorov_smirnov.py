"""The two-sample Kolmogorov-Smirnov test, exact and without underflow, and its cluster bootstrap."""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass

import numpy as np

from benchmark.common.statistics import cluster_counts, resampling_units

KS_DRAWS = 500  # fewer, since every distinct outcome costs an exact p-value
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


@dataclass(frozen=True)
class KSDraws:
    """A bootstrap of the KS test, [draws] each; NaN where a draw left a sample empty."""

    statistic: np.ndarray
    pvalue: np.ndarray | None
    log10_p: np.ndarray | None


def bootstrap_ks(
    a: np.ndarray,
    b: np.ndarray,
    clusters: np.ndarray,
    draws: int,
    rng: np.random.Generator,
    *,
    pvalues: bool = True,
) -> KSDraws:
    """The KS test over resampled clusters, the same ones in both samples.

    Args:
        a, b: [n] values of two models on the same rows; NaN where a row is undefined for that model.
        clusters: [n] author numbers.
        pvalues: False spares the exact p-values.

    A resample repeats rows, so D comes out a little larger than in the data: the interval errs towards
    "different".
    """
    a, b = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    row_a, row_b = np.flatnonzero(~np.isnan(a)), np.flatnonzero(~np.isnan(b))
    codes, units, _ = resampling_units(clusters)
    counts = cluster_counts(units, draws, rng)[:, codes]  # [draws, n] how often each row is in
    pooled = np.concatenate([a[row_a], b[row_b]])
    order = np.argsort(pooled, kind="stable")
    rows, from_a = np.concatenate([row_a, row_b])[order], (order < len(row_a))
    cum_a = np.cumsum(counts[:, rows] * from_a, axis=1)
    cum_b = np.cumsum(counts[:, rows] * ~from_a, axis=1)
    n, m = cum_a[:, -1], cum_b[:, -1]
    ends = np.append(np.diff(pooled[order]) > 0, True)  # ties: look only after the last of them
    # In whole numbers: equal D must be recognised as equal, to compute each p-value once.
    reach = np.abs(cum_a[:, ends] * m[:, None] - cum_b[:, ends] * n[:, None]).max(axis=1)
    with np.errstate(invalid="ignore"):
        statistic = np.where((n > 0) & (m > 0), reach / (n * m), np.nan)
    if not pvalues:
        return KSDraws(statistic, None, None)

    known: dict[tuple[int, int, int], tuple[float, float]] = {}
    out = np.full((draws, 2), np.nan)
    for d in np.flatnonzero(~np.isnan(statistic)):
        key = (int(reach[d]), int(n[d]), int(m[d]))
        if key not in known:
            test = ks_two_sample(np.repeat(a[row_a], counts[d, row_a]), np.repeat(b[row_b], counts[d, row_b]))
            known[key] = (test.pvalue, test.log10_p)
        out[d] = known[key]
    return KSDraws(statistic, out[:, 0], out[:, 1])
