"""Residual: how much of what fine-tuning did to the forget rows is left.

    residual = (mean z_candidate - mean z_retrained) / (mean z_finetuned - mean z_retrained)

means over the forget rows and, for retrained, over the K models; z a row statistic as in ``distance``. 0 as retrained, 1 as
never unlearned, below 0 over-forgotten: further from the fine-tuned model than a retrained one is.

The 95 % interval is for the residual of the candidate's recipe on authors like these: authors vary, the retrained models
vary (K of all that there could be), and the candidate varies as much as one more retrained model would. The fine-tuned model
is held fixed, since it is the one that was unlearned. Half-width squared =

    (t_{G-1} se_authors)^2 + (t_{K-1} se_models)^2,
    se_authors: of the delete-one-author jackknife of the ratio (G authors),
    se_models^2 = s^2 (1 + (1 - residual)^2 / K) / (mean z_finetuned - mean z_retrained)^2,

with s^2 the variance of the retrained models' means: once for the candidate, and by d residual / d mean z_retrained for
the retrained models' mean; after an attack that factor's s is that of mean z_retrained - residual mean z_before. Each part has its own t quantile: a common quantile by Satterthwaite's degrees of freedom covers
too little where K = 3 and one part is nearly all. What a model's noise does to single authors is in both parts, so that the
interval covers 94-100 %, never much less than it claims (benchmark/simulations/yardstick.py); for K retrained models it holds 0 in that many
of held-out retrained ones. No interval below 4 authors.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from benchmark.common.jackknife import jackknife
from benchmark.common.statistics import LEVEL
from metrics.calibration.author_parts import Sides
from metrics.calibration.distance import checked, complete_rows, rounding, why_undefined


@dataclass(frozen=True)
class Residual:
    """The share of fine-tuning's effect on the forget rows that is left, with its 95 % interval."""

    value: float | None  # 0 as retrained, 1 as fine-tuned
    low: float | None
    high: float | None
    se_authors: float | None
    se_models: float | None
    models: int  # K
    rows: int
    interval: str = ""  # why there is no interval
    undefined: str = ""  # why there is no value


def residual(
    candidate: np.ndarray,
    retrained: np.ndarray,
    finetuned: np.ndarray,
    authors: np.ndarray,
    before: np.ndarray | None = None,
) -> Residual:
    """Residual of a candidate [n] between K retrained models [K, n] and the fine-tuned model [n].

    Where candidate and retrained models were attacked and the unit is what fine-tuning did before that, ``before`` are the
    same K retrained models then: (mean z_candidate - mean z_retrained) / (mean z_finetuned - mean z_before).

    Undefined for one retrained model, and where the fine-tuned model's mean is one that a retrained model could have (t
    with K - 1 degrees of freedom, 5 %): a share of nothing. NaN rows are dropped for all.

    Args:
        authors: [n] numbers; a row of nobody (-1) is an author of its own.
        before: [K, n]; None: as ``retrained``.

    Raises:
        ValueError: the shapes do not fit.
    """
    from scipy.special import stdtrit

    earlier = retrained if before is None else before
    kept = _kept(candidate, retrained, finetuned) & np.isfinite(earlier).all(axis=0)
    u, z = checked(np.asarray(candidate)[kept], np.asarray(retrained)[:, kept])
    _, first = checked(u, np.asarray(earlier)[:, kept])
    models, rows = z.shape
    if reason := why_undefined(models, rows):
        return _undefined(models, rows, reason)
    center = z.mean(axis=0)
    left, whole = u - center, np.asarray(finetuned, dtype=np.float64)[kept] - first.mean(axis=0)
    if not np.isfinite([left.mean(), whole.mean()]).all():
        return _undefined(models, rows, "infinite mean")
    s, s_first = (float(own.mean(axis=1).std(ddof=1)) for own in (z, first))
    quantile = float(stdtrit(models - 1, (1 + LEVEL) / 2))
    if abs(whole.mean()) <= max(quantile * s_first * np.sqrt(1 + 1 / models), rounding(u, z)):
        return _undefined(models, rows, "the fine-tuned model's mean is like a retrained model's")

    def ratio(stay: Mapping[str, np.ndarray]) -> float:
        return share_left(left[stay["forget"]], whole[stay["forget"]])

    value = share_left(left, whole)
    shared = float((z - value * first).mean(axis=1).std(ddof=1))  # by how much each moves the value, times K
    se_models = float(np.sqrt(s**2 + shared**2 / models) / abs(whole.mean()))
    made = jackknife(ratio, {"forget": np.asarray(authors)[kept]})
    if isinstance(made, str):
        return Residual(value, None, None, None, se_models, models, rows, interval=made)
    reach = float(np.hypot(stdtrit(made.degrees, (1 + LEVEL) / 2) * made.se, quantile * se_models))
    return Residual(value, value - reach, value + reach, made.se, se_models, models, rows)


def sides(candidate: np.ndarray, retrained: np.ndarray, finetuned: np.ndarray, authors: np.ndarray) -> Sides:
    """Numerator and denominator of the residual, row by row; arguments as of ``residual``."""
    kept = _kept(candidate, retrained, finetuned)
    center = retrained[:, kept].mean(axis=0)
    return Sides(candidate[kept] - center, finetuned[kept] - center, authors[kept])


def _kept(candidate: np.ndarray, retrained: np.ndarray, finetuned: np.ndarray) -> np.ndarray:
    """[n] bool: the rows that all define, and on which no retrained model is infinite."""
    return complete_rows(candidate, retrained, finetuned) & np.isfinite(retrained).all(axis=0)


def share_left(left: np.ndarray, whole: np.ndarray) -> float:
    """The ratio of two means over rows; NaN where the second is 0.

    Args:
        left: [n] candidate minus retrained models' mean.
        whole: [n] fine-tuned minus retrained models' mean.
    """
    effect = float(np.mean(whole))
    return float(np.mean(left)) / effect if effect else float("nan")


def _undefined(models: int, rows: int, reason: str) -> Residual:
    return Residual(None, None, None, None, None, models, rows, reason, reason)
