"""Could the candidate be one more retrained model? The p-value of that hypothesis.

From 19 retrained models on: exact under exchangeability alone. In the pool of K + 1 each model's
T_m = sqrt(mean_i (z[m, i] - mean of the K others' z[., i])^2), candidate included, and

    p = (1 + #{k: T_k >= T_candidate}) / (K + 1),

whatever the rows' dependence and distribution. Rejects at most 5 % of retrained models at p <= .05; K = 19 is the least
with which it can reject at all, by T being the largest.

Below 19, from 3 on: two tests, Bonferroni's p = min(1, 2 min(p_shift, p_pattern)).

* shift: the mean over rows of the candidate against the K means, t with K - 1 degrees of freedom, two-sided, for a new
  observation: (m_u - mean m_k) / (s sqrt(1 + 1 / K)). Exact if a model's mean over the rows is normal. A shift that all
  rows of a model share cannot make it reject too often: it is what this test takes its spread from.
* pattern: what is left when each model's own mean is taken off its rows. With q as in ``distance`` (of the rest),

      t = (log q_u - mean_k log q_k) / (s_log sqrt((K - 1) / (K - 2))),   one-sided, K - 1 degrees of freedom.

  The spread of log q between models is observed, not derived from the rows: it holds all that makes q vary, correlated
  rows, unequal variances of rows, heavy tails. The q_k share their mean, so their correlation is 1 / (K - 1)^2 for normal z:
  s_log^2 is too small by 1 - 1 / (K - 1)^2, the difference has variance (1 + 1 / (K - 1)) sigma^2, hence the factor.
  Approximate: log q is taken as normal.

Simulated type I error at nominal 5 % (benchmark/simulations/yardstick.py): 3-8 %, for rows correlated within authors
(0-0.5), unequal variances of rows, a shift common to a model's rows, t5 noise, K = 3 to 18. The F test that compares
mean_i (z_u - mean z)^2 with its expectation by the number of rows that count as independent (Dempster 1958, Annals of
Mathematical Statistics 29, 995-1010) rejects up to 29 % there: with so few models that number is not known.

What varies: the models. What is held fixed: the forget rows. The candidate must not be among the retrained models.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from benchmark.common.paired import holm
from metrics.calibration.distance import ALIKE, checked, mean_square_deviations, rounding, why_undefined

LEVEL = 0.05
FEWEST = 3  # retrained models of the t tests: the spread of two has no spread of its own
FEWEST_EXACT = 19  # retrained models with which the exact p can be 0.05


@dataclass(frozen=True)
class RetrainedTest:
    """The test that a candidate is one more retrained model."""

    p: float | None
    kind: str  # "exchangeability" or "t"; empty where undefined
    models: int  # K
    rows: int  # that are defined for all models
    p_shift: float | None = None  # of the t tests alone
    p_pattern: float | None = None
    undefined: str = ""  # why there is no p

    @property
    def rejects(self) -> bool:
        """Whether p <= 0.05."""
        return self.p is not None and self.p <= LEVEL


def p_retrained(candidate: np.ndarray, retrained: np.ndarray) -> RetrainedTest:
    """The test of a candidate [n] against K retrained models [K, n]; NaN rows are dropped for all.

    Undefined below three retrained models, below two rows, and where the retrained models do not differ.

    Raises:
        ValueError: the shapes do not fit.
    """
    u, z = checked(candidate, retrained)
    models, rows = z.shape
    if reason := why_undefined(models, rows, FEWEST, 2):
        return RetrainedTest(None, "", models, rows, undefined=reason)
    if np.median(mean_square_deviations(u, z)[1]) <= rounding(u, z) ** 2:
        return RetrainedTest(None, "", models, rows, undefined="the retrained models are alike")
    if models >= FEWEST_EXACT:
        p = _share_as_far(_deviations(np.vstack([u, z])))
        return RetrainedTest(p, "exchangeability", models, rows)
    if not np.isfinite(u).all():
        return RetrainedTest(0.0, "t", models, rows, 0.0, 0.0)
    shift, pattern = p_shift(u, z), p_pattern(u, z)
    return RetrainedTest(min(1.0, 2 * min(shift, pattern)), "t", models, rows, shift, pattern)


def p_shift(candidate: np.ndarray, retrained: np.ndarray) -> float:
    """Two-sided p of the candidate's mean over rows [n] against those of the models [K >= 2, n]."""
    from scipy.special import stdtr

    own, means = candidate.mean(), retrained.mean(axis=1)
    models = len(means)
    error = means.std(ddof=1) * np.sqrt(1 + 1 / models)
    return float(2 * stdtr(models - 1, -_ratio(abs(own - means.mean()), error)))


def p_pattern(candidate: np.ndarray, retrained: np.ndarray) -> float:
    """One-sided p of the deviations beyond a model's own shift; candidate [n], models [K >= 3, n]."""
    from scipy.special import stdtr

    own, others = mean_square_deviations(
        candidate - candidate.mean(), retrained - retrained.mean(axis=1, keepdims=True)
    )
    models, least = len(others), max(rounding(candidate, retrained) ** 2, np.finfo(float).tiny)
    logs, log_own = np.log(np.maximum(others, least)), np.log(max(own, least))
    error = logs.std(ddof=1) * np.sqrt((models - 1) / (models - 2))
    return float(stdtr(models - 1, -_ratio(log_own - logs.mean(), error)))


def adjusted_p(candidates: Mapping[str, np.ndarray], retrained: Mapping[str, np.ndarray]) -> dict[str, float | None]:
    """p of each row statistic, adjusted for there being several; the smallest is the p of all of them together.

    Below 19 retrained models Holm's. From 19 on Holm's could not reach 0.05 (three times 1 / 20), so that the exact test
    compares each statistic's T with the largest of the statistics of every retrained model (single-step maximum, Westfall
    and Young 1993), all in units of the pool's root mean square: exact for the smallest p.

    Args:
        candidates: statistic -> [n].
        retrained: statistic -> [K, n], the same K models in the same order.
    """
    tests = {name: p_retrained(u, retrained[name]) for name, u in candidates.items()}
    defined = {name: test.p for name, test in tests.items() if test.p is not None}
    if all(test.kind == "exchangeability" for test in tests.values() if test.p is not None):
        pools = {name: np.vstack(_stacked(candidates[name], retrained[name])) for name in defined}
        adjusted = _single_step(pools)
    else:
        adjusted = dict(zip(defined, holm(list(defined.values())).tolist(), strict=True))
    return {name: adjusted.get(name) for name in candidates}


def _stacked(candidate: np.ndarray, retrained: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    u, z = checked(candidate, retrained)
    return u[None], z


def _single_step(pools: Mapping[str, np.ndarray]) -> dict[str, float]:
    """Statistic -> adjusted exact p, from pools [K + 1, n] with the candidate first."""
    if not pools:
        return {}
    scaled = {name: _scaled(_deviations(pool)) for name, pool in pools.items()}
    largest = np.max(list(scaled.values()), axis=0)
    return {name: _share_as_far(np.r_[own[0], largest[1:]]) for name, own in scaled.items()}


def _scaled(deviations: np.ndarray) -> np.ndarray:
    """In units of their root mean square; an infinite one stays so and leaves the others 0."""
    if np.isinf(deviations).any():
        return np.where(np.isinf(deviations), np.inf, 0.0)
    return deviations / np.sqrt(np.mean(deviations**2))


def _deviations(pool: np.ndarray) -> np.ndarray:
    """[M] T of each of M models [M, n] against the others."""
    if not np.isfinite(pool).all():  # only the candidate's can be infinite
        return np.r_[np.inf, np.zeros(len(pool) - 1)]
    return np.asarray(np.sqrt(np.mean((pool - pool.mean(axis=0)) ** 2, axis=1)) * len(pool) / (len(pool) - 1))


def _share_as_far(deviations: np.ndarray) -> float:
    """Share of models that deviate at least as much as the first one, itself included."""
    return float(np.mean(deviations >= deviations[0] * (1 - ALIKE)))


def _ratio(difference: float, error: float) -> float:
    """difference / error, infinite where there is no error; 0 / 0 is 0."""
    if error > 0:
        return float(difference / error)
    return float(np.copysign(np.inf, difference)) if difference else 0.0
