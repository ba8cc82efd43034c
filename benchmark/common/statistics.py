"""Kolmogorov-Smirnov, cluster bootstrap and harmonic mean, as pure functions with explicit generators.

Rows of one author share what a model learned of that author, so they are not independent: intervals
resample whole authors. A row whose author is -1 is nobody's and counts as a cluster of its own.
"""

from __future__ import annotations

import math
import warnings
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

DRAWS = 1000  # bootstrap draws of a mean; percentile limits of 95 % then rest on 25 draws a side
KS_DRAWS = 500  # fewer, since every distinct outcome costs an exact p-value
LEVEL = 0.95
INTERVAL_SEED = 0  # of every interval of a board
LARGEST_EXACT = 10_000  # sample size up to which the default of SciPy is the exact distribution


def interval_rng(name: str, seed: int = INTERVAL_SEED) -> np.random.Generator:
    """The stream of the interval of that name: its own, whichever other intervals are drawn."""
    return np.random.default_rng([seed, zlib.crc32(name.encode())])


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


def resampling_units(clusters: np.ndarray) -> tuple[np.ndarray, int, str]:
    """What a bootstrap draws: ``(codes [n] in 0..C-1, C, "authors" | "rows")``.

    -1 makes a row its own cluster. Rows are drawn where all clusters are single rows, and also where there is
    only one cluster: its rows are all there is to draw, and their interval says nothing of other authors.
    """
    clusters = np.asarray(clusters, dtype=np.int64)
    labels = np.where(clusters >= 0, clusters, -1 - np.arange(len(clusters)))
    names, codes = np.unique(labels, return_inverse=True)
    if len(names) in (1, len(clusters)):
        return np.arange(len(clusters)), len(clusters), "rows"
    return codes, len(names), "authors"


def cluster_counts(units: int, draws: int, rng: np.random.Generator) -> np.ndarray:
    """[draws, units] how often each unit is drawn, with replacement."""
    return rng.multinomial(units, np.full(units, 1 / units), size=draws)


def cluster_totals(values: np.ndarray, codes: np.ndarray, units: int) -> tuple[np.ndarray, np.ndarray]:
    """Per cluster the sum and the number of the defined values: two arrays [units, k] for values [n, k]."""
    defined = ~np.isnan(values)
    sums, sizes = np.zeros((units, values.shape[1])), np.zeros((units, values.shape[1]))
    np.add.at(sums, codes, np.where(defined, values, 0.0))
    np.add.at(sizes, codes, defined)
    return sums, sizes


def cluster_bootstrap_means(
    values: np.ndarray, clusters: np.ndarray, draws: int, rng: np.random.Generator
) -> np.ndarray:
    """Means of k columns over resampled clusters: [draws, k].

    Args:
        values: [n, k]; NaN rows are left out of that column. All columns share a draw's clusters.
        clusters: [n] author numbers, see ``resampling_units``.

    Returns:
        NaN where a draw has no defined value in a column.
    """
    codes, units, _ = resampling_units(clusters)
    if not units:
        return np.full((draws, np.shape(values)[1]), np.nan)
    sums, sizes = cluster_totals(np.asarray(values, dtype=np.float64), codes, units)
    counts = cluster_counts(units, draws, rng)
    with np.errstate(invalid="ignore"):
        return (counts @ sums) / (counts @ sizes)


def percentile_interval(draws: np.ndarray, level: float = LEVEL) -> tuple[float, float] | None:
    """The middle ``level`` of [draws]; NaN draws are dropped.

    None with fewer than two draws left, or where they are all alike (up to rounding): resampling then has
    nothing to say of the uncertainty, and a zero-width interval would claim that there is none.
    """
    draws = np.asarray(draws, dtype=np.float64)
    draws = draws[~np.isnan(draws)]
    if len(draws) < 2:
        return None
    low, high = (float(x) for x in np.quantile(draws, [(1 - level) / 2, (1 + level) / 2]))
    # The rounding error is relative: p-values of 1e-100 and 1e-50 are not alike.
    return None if high - low <= 1e-12 * max(abs(low), abs(high)) else (low, high)


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


def widened_interval(draws: np.ndarray, value: float) -> tuple[float, float] | None:
    """``percentile_interval`` of the draws, widened to take in the value that they were drawn around."""
    limits = percentile_interval(draws)
    return limits and (min(limits[0], value), max(limits[1], value))


def harmonic_mean(values: np.ndarray, axis: int = -1) -> np.ndarray:
    """Harmonic mean along an axis: 0 where any value is 0, NaN where any is NaN.

    Raises:
        ValueError: a value is negative, or there is none.
    """
    values = np.asarray(values, dtype=np.float64)
    if values.shape[axis] == 0 or (values < 0).any():
        raise ValueError("a harmonic mean needs at least one value, and none below 0")
    with np.errstate(divide="ignore", over="ignore"):  # the reciprocal of a subnormal is infinite: the mean is 0 there
        return values.shape[axis] / np.sum(1 / values, axis=axis)


def two_level_interval(
    per_seed: Sequence[tuple[np.ndarray, np.ndarray]],
    draws: int,
    rng: np.random.Generator,
    level: float = LEVEL,
) -> tuple[float, float] | None:
    """Interval of the mean over seeds of the mean over rows: resamples seeds, then authors.

    Args:
        per_seed: (values [n], clusters [n]) for each seed; NaN rows are left out.

    Seeds that were scored on the same rows share one draw of the authors (the pigeonhole bootstrap, Owen
    2007): drawing anew for each seed would average the authors away as though more seeds meant more authors.
    Where the seeds have rows of their own (rotating requests) each draws its own.

    Returns:
        None for fewer than two seeds, which say nothing of the spread between seeds.
    """
    if len(per_seed) < 2:
        return None
    clusters = [np.asarray(c) for _, c in per_seed]
    if all(np.array_equal(c, clusters[0]) for c in clusters):
        means = cluster_bootstrap_means(np.column_stack([v for v, _ in per_seed]), clusters[0], draws, rng)
    else:
        columns = [cluster_bootstrap_means(np.asarray(v)[:, None], c, draws, rng) for v, c in per_seed]
        means = np.concatenate(columns, axis=1)
    counts = cluster_counts(len(per_seed), draws, rng)  # [draws, seeds]
    total = np.where(counts > 0, counts * means, 0.0).sum(axis=1)
    return percentile_interval(total / len(per_seed), level)
