"""Draws of what a board's mean errors could be, for shares such as "is the best in 40 %".

A draw of row m is its mean error + A_m + B_m:

* A, the authors: multivariate t with G - 1 degrees of freedom, scale C / G with C the [M, M] covariance over authors
  of the rows' seed means. What makes an author hard for all rows cancels in a draw's comparison, as in a paired test:
  the difference of two rows is drawn from the t distribution that their paired t test uses. One chi-square a draw,
  common to all rows, since all variances come from the same authors.
* B, the seeds: independent between rows, t with S - 1 degrees of freedom times the standard error of the row's mean
  over its S >= 2 seeds. A row with one seed gets the pooled variance of the rows with several, and their degrees of
  freedom in sum; if no row has several, B is 0 and the draws say nothing of seeds.

It is the posterior of the means under a flat prior: the draws know nothing of how alike a board's methods are, so that
among rows that hardly differ the leader's share is too high: about 0.4 where 0.2 is true if true means are spread by a
tenth of the authors' standard deviation, right if they are spread as much as those (benchmark/simulations/ranks.py; 20
authors). What an author's noise between seeds does to the mean is in both A and B. What is held fixed: the retrained
models. The seed is fixed, and a row has random numbers of its own: who else is on the board does not change its draws,
but for the pooled variance.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from benchmark.common.paired import ALIKE
from benchmark.common.statistics import named_rng

DRAWS = 10_000
OWN, POOLED, NONE = "own seeds", "one seed: variance of the other rows' seeds", "one seed each: seeds are not in it"


@dataclass(frozen=True)
class SeedSpread:
    """What seeds do to a row's mean error."""

    se: float  # of the mean over its seeds; the unit of the errors
    degrees: int
    source: str  # OWN, POOLED or NONE


def seed_spreads(errors: Mapping[str, np.ndarray]) -> dict[str, SeedSpread]:
    """Board row -> the standard error from its seeds; errors are [S, G]."""
    means = {name: e.mean(axis=1) for name, e in errors.items()}
    degrees = sum(len(own) - 1 for own in means.values())
    pooled = np.sqrt(sum(np.sum((own - own.mean()) ** 2) for own in means.values()) / degrees) if degrees else 0.0
    single = SeedSpread(float(pooled), degrees, POOLED if degrees else NONE)
    return {
        name: SeedSpread(float(own.std(ddof=1) / np.sqrt(len(own))), len(own) - 1, OWN) if len(own) > 1 else single
        for name, own in means.items()
    }


def error_draws(errors: Mapping[str, np.ndarray]) -> np.ndarray:
    """[10,000, M] draws of the mean errors of M rows, in their order.

    Args:
        errors: board row -> [S, G] finite, the same G >= 2 authors.
    """
    means = np.array([e.mean(axis=0) for e in errors.values()])
    authors = means.shape[1]
    rng = named_rng("authors of a board")
    # [draws, G] normal @ centred means [G, M] has covariance (G - 1) C: no root of the singular C is needed
    scale = np.sqrt(authors * rng.chisquare(authors - 1, DRAWS))
    normal = rng.standard_normal((DRAWS, authors)) / scale[:, None]
    draws = means.mean(axis=1) + normal @ (means - means.mean(axis=1, keepdims=True)).T
    for column, (name, spread) in enumerate(seed_spreads(errors).items()):
        if spread.se > 0:
            draws[:, column] += spread.se * named_rng(f"seeds of {name}").standard_t(spread.degrees, DRAWS)
    return draws


def p_best(draws: np.ndarray) -> np.ndarray:
    """[M] share of the draws [D, M] in which the row has the smallest error; rows that tie share a draw."""
    smallest = draws.min(axis=1, keepdims=True)
    is_best = draws <= smallest + ALIKE * np.abs(smallest)
    return np.asarray(np.mean(is_best / is_best.sum(axis=1, keepdims=True), axis=0))
