"""Distance from the retrained models, in units of how far one retrained model lies from the others.

z[m, i] is a row statistic of model m on forget row i (log truth ratio, mean log-probability of an answer). The mean
squared deviation of a model from the mean of L others,

    q_m = mean_i (z[m, i] - mean of the others' z[., i])^2 / (1 + 1 / L),

has expectation v, the variance of a retrained model averaged over rows, for every model that is made like the others:
1 + 1 / L is what the estimated mean adds. The candidate has L = K retrained models beside it, a retrained model K - 1: with
the division a retrained model that was held out has a median distance of 1 whatever K is, without it of less
(benchmark/simulations/yardstick.py). The candidate is never among the others of a retrained model: a model far away would
stretch the yardstick it is measured with.

    distance = sqrt(q_candidate) / median_k sqrt(q_k)

What varies: the retrained models (everything in which two runs of one recipe differ). What is held fixed: the forget rows
and the candidate. The median, since one failed retrained model of five must not shorten all distances.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

ONE_MODEL = "one retrained model"
ALIKE = 1e-12  # relative: numbers that differ by rounding only


@dataclass(frozen=True)
class Distance:
    """How far a model is from the retrained ones; 1 is where another retrained model would be."""

    value: float | None  # no unit; infinite where the candidate's statistic is
    unit: float | None  # what 1 is, in the statistic's unit (nats): the median root of q of the retrained models
    models: int  # K
    rows: int  # that are defined for all models
    undefined: str = ""  # why there is no value


def complete_rows(*statistics: np.ndarray | None) -> np.ndarray:
    """[n] bool: the rows that no model leaves undefined; arrays [n] or [K, n], None is skipped.

    Infinity counts as defined: a model that makes an answer impossible must not be excused from that row.
    """
    given = [np.atleast_2d(z) for z in statistics if z is not None]
    return np.asarray(~np.isnan(np.concatenate(given)).any(axis=0))


def checked(candidate: np.ndarray, retrained: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Candidate [n] and retrained models [K, n] as float64, on the rows that all define.

    Rows on which a retrained model is infinite are dropped too: there is no spread to compare with.

    Raises:
        ValueError: the shapes do not fit.
    """
    u, z = np.asarray(candidate, dtype=np.float64), np.asarray(retrained, dtype=np.float64)
    if u.ndim != 1 or z.ndim != 2 or z.shape[1] != len(u):
        raise ValueError(f"a candidate [n] and retrained models [K, n] are needed, not {u.shape} and {z.shape}")
    kept = complete_rows(u, z) & np.isfinite(z).all(axis=0)
    return u[kept], z[:, kept]


def why_undefined(models: int, rows: int, fewest_models: int = 2, fewest_rows: int = 1) -> str:
    """The reason why so few retrained models or rows measure nothing; empty if they do."""
    if models < fewest_models:
        few = {0: "no retrained model", 1: ONE_MODEL, 2: "two retrained models: the test needs three"}
        return few[models]
    return "" if rows >= fewest_rows else "fewer than two rows" if rows else "no rows"


def mean_square_deviations(candidate: np.ndarray, retrained: np.ndarray) -> tuple[float, np.ndarray]:
    """q of the candidate [n] and, [K], of each of the retrained models [K >= 2, n]; squared unit of the statistic."""
    models = len(retrained)
    center = retrained.mean(axis=0)
    own = np.mean((candidate - center) ** 2) / (1 + 1 / models)
    # z_k - mean of the others = K / (K - 1) * (z_k - mean of all)
    return float(own), np.mean((retrained - center) ** 2, axis=1) * models / (models - 1)


def rounding(candidate: np.ndarray, retrained: np.ndarray) -> float:
    """The largest difference that may be one of rounding, in the statistic's unit."""
    finite = np.abs(candidate[np.isfinite(candidate)]).max(initial=0.0)
    return float(ALIKE * max(finite, np.abs(retrained).max(initial=0.0)))


def distance(candidate: np.ndarray, retrained: np.ndarray) -> Distance:
    """Distance of a candidate [n] from K retrained models [K, n]; NaN rows are dropped for all.

    Undefined for one retrained model, and where the retrained models do not differ from each other.

    Raises:
        ValueError: the shapes do not fit.
    """
    u, z = checked(candidate, retrained)
    models, rows = z.shape
    if reason := why_undefined(models, rows):
        return Distance(None, None, models, rows, reason)
    own, others = mean_square_deviations(u, z)
    unit = float(np.median(np.sqrt(others)))
    if unit <= rounding(u, z):
        return Distance(None, None, models, rows, "the retrained models are alike")
    return Distance(float(np.sqrt(own)) / unit, unit, models, rows)


def largest_distance(statistics: Iterable[tuple[np.ndarray, np.ndarray]]) -> float | None:
    """The largest distance over pairs of a candidate [n] and retrained models [K, n]; None where one is undefined."""
    values = [distance(candidate, retrained).value for candidate, retrained in statistics]
    known = [value for value in values if value is not None]
    return max(known, default=None) if len(known) == len(values) else None
