"""Paired tests of two models over clusters (authors), and Holm's correction.

A cluster's difference is the mean over its rows, and over seeds where there are several: rows of one author, and runs on
the same rows, are not independent, authors are. All tests are two-sided, of a mean difference of 0.

* ``sign_flip_p``: under the null each difference is as likely with the other sign. Exact for differences that are
  symmetric around 0, whatever their distribution (Fisher 1935, The Design of Experiments, section 21). With G clusters p is
  never below 2 / 2^G, so 5 clusters or fewer never reach 0.05.
* ``paired_t_p``: Student's t with G - 1 degrees of freedom, for where the signs cannot reach the level. Exact for normal
  differences.
* ``holm``: Holm 1979, Scandinavian Journal of Statistics 6, 65-70.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

ALL_SIGNS_UP_TO = 13  # clusters; 2^13 sign vectors are fewer than the draws that replace them beyond
DRAWS = 9_999
SEED = 0
LEVEL = 0.05
ALIKE = 1e-12  # relative: sums that differ by rounding only


def sign_flip_p(differences: ArrayLike) -> float:
    """p of the sign-flip test, over all sign vectors up to 13 clusters, else over 9,999 draws with a fixed seed.

    Args:
        differences: [G] one a cluster.

    Raises:
        ValueError: there is none, or one is not finite.
    """
    d = _checked(differences)
    observed, tolerance = abs(d.sum()), ALIKE * np.abs(d).sum()
    if len(d) > ALL_SIGNS_UP_TO:
        signs = 2 * np.random.default_rng(SEED).integers(0, 2, (DRAWS, len(d)), dtype=np.int8) - 1
        # The data's own signs are one more draw: p is never 0 (Phipson and Smyth 2010).
        return (1 + int(np.sum(np.abs(signs @ d) >= observed - tolerance))) / (1 + DRAWS)
    # A vector and its opposite give the same absolute sum: the first sign stays.
    vectors = np.arange(2 ** (len(d) - 1))[:, None] >> np.arange(len(d)) & 1
    return float(np.mean(np.abs((1 - 2 * vectors) @ d) >= observed - tolerance))


def paired_t_p(differences: ArrayLike) -> float:
    """p of the paired t test; NaN where t is undefined: one cluster, or all differences alike.

    Args:
        differences: [G] one a cluster.

    Raises:
        ValueError: there is none, or one is not finite.
    """
    from scipy.special import stdtr

    d = _checked(differences)
    se = _standard_error(d)
    return math.nan if se is None else float(2 * stdtr(len(d) - 1, -abs(d.mean()) / se))


def paired_p(differences: ArrayLike, level: float = LEVEL) -> float:
    """p of the sign-flip test where that can reach ``level``, else of the t test.

    At 0.05 the t test is used below 6 clusters. One of m tests that Holm corrects must reach 0.05 / m. The choice depends
    on the number of clusters only. Where t is undefined the sign-flip test stands, so identical differences of a few
    clusters decide nothing.

    Args:
        differences: [G] one a cluster.
        level: that p must be able to reach.

    Raises:
        ValueError: there is no difference, or one is not finite.
    """
    d = _checked(differences)
    p = math.nan if smallest_sign_flip_p(len(d)) <= level else paired_t_p(d)
    return sign_flip_p(d) if math.isnan(p) else p


def smallest_sign_flip_p(clusters: int) -> float:
    """The smallest p that ``sign_flip_p`` can give: 2 / 2^G, or 1 / 10,000 where signs are drawn."""
    return 1 / (1 + DRAWS) if clusters > ALL_SIGNS_UP_TO else min(1.0, 2.0 ** (1 - clusters))


def t_interval(
    differences: ArrayLike, level: float = 1 - LEVEL, degrees: float | None = None, standard_error: float | None = None
) -> tuple[float, float] | None:
    """Limits of the mean difference by Student's t; None where t is undefined.

    Args:
        differences: [G] one a cluster.
        level: share of such intervals that hold the true mean.
        degrees: of freedom, G - 1 by default; fewer where a few of the clusters carry most of the variance.
        standard_error: of the mean, by default that of clusters drawn from one population; of several kinds it is less.

    Raises:
        ValueError: there is no difference, or one is not finite.
    """
    from scipy.special import stdtrit

    d = _checked(differences)
    se = _standard_error(d)
    if se is None:
        return None
    se = se if standard_error is None else standard_error
    reach = stdtrit(len(d) - 1 if degrees is None else degrees, (1 + level) / 2) * se
    return float(d.mean() - reach), float(d.mean() + reach)


def holm(p_values: ArrayLike) -> np.ndarray:
    """[m] adjusted p-values: those at or below a level may be called significant together.

    The chance of one wrong call or more among the m is then at most that level, however the tests depend on each other.

    Args:
        p_values: [m] in [0, 1].

    Raises:
        ValueError: one is outside [0, 1] or NaN.
    """
    p = np.asarray(p_values, dtype=np.float64)
    if p.ndim != 1 or not ((p >= 0) & (p <= 1)).all():
        raise ValueError("p-values must be a list of numbers in [0, 1]: leave out those that are undefined")
    order = np.argsort(p, kind="stable")
    adjusted = np.empty(len(p))
    adjusted[order] = np.minimum(np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1)), 1.0)
    return adjusted


def _standard_error(d: np.ndarray) -> float | None:
    """Of the mean; None where there is no spread."""
    spread = float(d.std(ddof=1)) if len(d) > 1 else 0.0
    return spread / math.sqrt(len(d)) if spread > ALIKE * np.abs(d).max() else None


def _checked(differences: ArrayLike) -> np.ndarray:
    d = np.asarray(differences, dtype=np.float64)
    if d.ndim != 1 or not len(d) or not np.isfinite(d).all():
        raise ValueError(
            "differences must be a list of finite numbers, at least one: leave out undefined clusters first"
        )
    return d
