"""Cluster bootstrap and harmonic mean, as pure functions with explicit generators.

Rows of one author share what a model learned of that author, so they are not independent: intervals
resample whole authors. A row whose author is -1 is nobody's and counts as a cluster of its own.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence

import numpy as np

DRAWS = 1000  # bootstrap draws of a mean; percentile limits of 95 % then rest on 25 draws a side
LEVEL = 0.95
INTERVAL_SEED = 0  # of every interval of a board


def interval_rng(name: str, seed: int = INTERVAL_SEED) -> np.random.Generator:
    """The stream of the interval of that name: its own, whichever other intervals are drawn."""
    return np.random.default_rng([seed, zlib.crc32(name.encode())])


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
        return np.asarray((counts @ sums) / (counts @ sizes))


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
        return np.asarray(values.shape[axis] / np.sum(1 / values, axis=axis))


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
