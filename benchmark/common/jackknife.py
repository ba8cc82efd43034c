"""Delete-one-author jackknife: intervals of numbers that are smooth functions of a few authors' rows.

What varies: which authors the data hold, with all their rows. What is held fixed: the models, so nothing here speaks of
seeds. On the scale of ``Scale`` (log-odds for shares, logarithm for positive numbers) the estimate is nearer to normal,
and the limits stay in range. Limits: estimate -+ t(1 - alpha / 2, f) * se, with

    se^2 = sum over sides of (G - 1) / G * sum_g (value without g - their mean)^2

and f = (sum v)^2 / sum(v^2 / (G - 1)) over the sides' variances v (Satterthwaite 1946; G - 1 with one side). A percentile
bootstrap of so few authors is too narrow: with 4 it covers 0.8 of what it claims (benchmark/simulations/coverage.py).
Efron and Tibshirani 1993, chapter 11; MacKinnon and Webb 2018 for few clusters.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from benchmark.common.statistics import LEVEL

Scale = Literal["identity", "log", "logit"]
FEWEST = 4  # authors: with fewer, t limits of this kind are too wide to say anything, or too narrow to be true
ALIKE = 1e-12  # relative: values that differ by rounding only
ALL_ALIKE = "none: all authors gave the same"

# side -> [n] bool: the rows that stay -> the number, NaN where they do not define it
Statistic = Callable[[Mapping[str, np.ndarray]], float]


@dataclass(frozen=True)
class Interval:
    """A 95 % interval with what it was made from; ``low`` and ``high`` on the number's own scale."""

    low: float
    high: float
    center: float  # on ``scale``, as ``se``
    se: float
    degrees: float
    scale: Scale
    units: int  # authors, of the side with the fewest


def to_scale(value: float | np.ndarray, scale: Scale) -> np.ndarray:
    """The value on the scale; infinite at a limit."""
    value = np.asarray(value, dtype=np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        if scale == "logit":
            return np.asarray(np.log(value) - np.log1p(-value))
        return np.asarray(np.log(value)) if scale == "log" else value


def from_scale(value: float | np.ndarray, scale: Scale) -> np.ndarray:
    """The inverse of ``to_scale``."""
    value = np.asarray(value, dtype=np.float64)
    with np.errstate(over="ignore"):
        if scale == "logit":
            return np.asarray(1 / (1 + np.exp(-value)))
        return np.asarray(np.exp(value)) if scale == "log" else value


def limits(center: float, se: float, degrees: float, scale: Scale, level: float = LEVEL) -> tuple[float, float]:
    """The two limits of an estimate on its own scale."""
    from scipy.special import stdtrit

    reach = stdtrit(degrees, (1 + level) / 2) * se
    low, high = from_scale(np.array([center - reach, center + reach]), scale)
    return float(low), float(high)


def clusters(authors: np.ndarray) -> tuple[np.ndarray, int]:
    """``(codes [n] in 0..G-1, G)``; a row of nobody (-1) is a cluster of its own."""
    authors = np.asarray(authors, dtype=np.int64)
    names, codes = np.unique(np.where(authors >= 0, authors, -1 - np.arange(len(authors))), return_inverse=True)
    return codes, len(names)


def jackknife(statistic: Statistic, authors: Mapping[str, np.ndarray], scale: Scale = "identity") -> Interval | str:
    """The interval of ``statistic``, or why there is none.

    Args:
        authors: side -> [n] the author of each row that counts. Sides are sets of rows with authors of their own (forget
            and holdout): each loses its authors one by one, and the variances add up.
    """
    everything = {side: np.ones(len(codes), dtype=bool) for side, codes in authors.items()}
    center = float(to_scale(statistic(everything), scale))
    variances, fewest = [], min((clusters(a)[1] for a in authors.values()), default=0)
    if fewest < FEWEST:
        return f"none: fewer than {FEWEST} authors"
    for side, own in authors.items():
        codes, count = clusters(own)
        without = [statistic({**everything, side: codes != code}) for code in range(count)]
        values = to_scale(np.array(without), scale)
        if not (np.isfinite(values).all() and np.isfinite(center)):
            return "none: at a limit of its range"
        variances.append(((count - 1) / count * float(np.sum((values - values.mean()) ** 2)), count - 1))
    total = sum(v for v, _ in variances)
    if total <= (ALIKE * max(1.0, abs(center))) ** 2:
        return ALL_ALIKE
    degrees = total**2 / sum(v**2 / f for v, f in variances)
    se = float(np.sqrt(total))
    return Interval(*limits(center, se, degrees, scale), center, se, degrees, scale, fewest)


def jackknife_mean(values: np.ndarray, authors: np.ndarray, scale: Scale = "identity") -> Interval | str:
    """The interval of the mean of [n] values, NaN left out; as ``jackknife``, in one pass over the rows."""
    kept = ~np.isnan(values)
    values, (codes, count) = values[kept], clusters(np.asarray(authors)[kept])
    if count < FEWEST:
        return f"none: fewer than {FEWEST} authors"
    sums, sizes = np.bincount(codes, values), np.bincount(codes)
    means = to_scale((sums.sum() - sums) / (sizes.sum() - sizes), scale)
    center = float(to_scale(values.mean(), scale))
    if not (np.isfinite(means).all() and np.isfinite(center)):
        return "none: at a limit of its range"
    variance = (count - 1) / count * float(np.sum((means - means.mean()) ** 2))
    if variance <= (ALIKE * max(1.0, abs(center))) ** 2:
        return ALL_ALIKE
    se = float(np.sqrt(variance))
    return Interval(*limits(center, se, count - 1, scale), center, se, count - 1, scale, count)
