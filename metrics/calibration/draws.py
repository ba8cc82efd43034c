"""Draws of what a board's mean errors could be, for shares such as "is the best in 40 %".

A draw of row m is its mean error + A_m + B_m + C_m:

* A, the authors: multivariate t with G - 1 degrees of freedom, scale C / G with C the [M, M] covariance over authors
  of the rows' seed means. What makes an author hard for all rows cancels in a draw's comparison, as in a paired test:
  the difference of two rows is drawn from the t distribution that their paired t test uses. One chi-square a draw,
  common to all rows, since all variances come from the same authors.
* B, the seeds: independent between rows, t with S - 1 degrees of freedom times the standard error of the row's mean
  over its S >= 2 seeds. A row with one seed gets the pooled variance of the rows with several, and their degrees of
  freedom in sum; if no row has several, B is 0 and the draws say nothing of seeds.
* C, the fine-tuned models, of rows whose U >= 2 seeds of unlearning were all run on the same F >= 2 of them: multivariate t with
  F - 1 degrees of freedom over the rows' means by fine-tuned model, as A over authors, since all these rows start from the same
  models; B is then of their U means by seed. Two models have one degree of freedom: extreme draws, but alike for rows that
  the models move alike. Other rows of several runs count these as seeds.

It is the posterior of the means under a flat prior: the draws know nothing of how alike a board's methods are, so that
among rows that hardly differ the leader's share is too high: about 0.4 where 0.2 is true if true means are spread by a
tenth of the authors' standard deviation, right if they are spread as much as those (benchmark/simulations/ranks.py; 20
authors). What an author's noise between seeds does to the mean is in both A and B, a run's own noise in both B and C. What is held fixed: the retrained
models. The seed is fixed, and a row has random numbers of its own: who else is on the board does not change its draws,
but for the pooled variance.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from benchmark.common.crossed_seeds import crossed_table
from benchmark.common.paired import ALIKE
from benchmark.common.statistics import named_rng

DRAWS = 10_000
Seeds = Sequence[tuple[int, int]]  # of unlearning and of fine-tuning, of each run of a row
OWN, POOLED, NONE = "own seeds", "one seed: variance of the other rows' seeds", "one seed each: seeds are not in it"


@dataclass(frozen=True)
class SeedSpread:
    """What seeds do to a row's mean error."""

    se: float  # of the mean over its seeds; the unit of the errors
    degrees: int
    source: str  # OWN, POOLED or NONE


def seed_spreads(means: Mapping[str, np.ndarray], seeds: Mapping[str, Seeds] | None = None) -> dict[str, SeedSpread]:
    """Board row -> the standard error from its seeds, but for what fine-tuned models that it shares do.

    Args:
        means: board row -> [S] mean error by run.
        seeds: of each run; None: one fine-tuned model.
    """
    degrees = sum(len(own) - 1 for own in means.values())
    pooled = np.sqrt(sum(np.sum((own - own.mean()) ** 2) for own in means.values()) / degrees) if degrees else 0.0
    single = SeedSpread(float(pooled), degrees, POOLED if degrees else NONE)
    by_seed = {name: own if (t := _table(own, name, seeds)) is None else t.mean(axis=1) for name, own in means.items()}
    return {
        name: SeedSpread(float(own.std(ddof=1) / np.sqrt(len(own))), len(own) - 1, OWN) if len(own) > 1 else single
        for name, own in by_seed.items()
    }


def error_draws(errors: Mapping[str, np.ndarray], seeds: Mapping[str, Seeds] | None = None) -> np.ndarray:
    """[10,000, M] draws of the mean errors of M rows, in their order.

    Args:
        errors: board row -> [S, G] finite, the same G >= 2 authors.
        seeds: board row -> the seeds of its S runs; None: all on one fine-tuned model.
    """
    means = np.array([e.mean(axis=0) for e in errors.values()])
    by_run = {name: e.mean(axis=1) for name, e in errors.items()}
    return means.mean(axis=1) + _around_mean(means, "authors of a board") + seed_draws(by_run, seeds)


def seed_draws(means: Mapping[str, np.ndarray], seeds: Mapping[str, Seeds] | None = None, what: str = "") -> np.ndarray:
    """[10,000, M] draws of what seeds and fine-tuned models do to the means of M rows: B + C.

    Args:
        means: board row -> [S] by run.
        seeds: as of ``error_draws``.
        what: other numbers of the same rows have a name: their B is drawn apart, C with the same weights of the models.
    """
    draws = np.zeros((DRAWS, len(means)))
    shared: dict[tuple[int, ...], dict[int, np.ndarray]] = {}  # fine-tuned models -> column -> [F] means
    for column, (name, spread) in enumerate(seed_spreads(means, seeds).items()):
        if spread.se > 0:
            draws[:, column] += spread.se * named_rng(f"seeds of {name}{what}").standard_t(spread.degrees, DRAWS)
        if seeds is not None and (table := _table(means[name], name, seeds)) is not None:
            models = tuple(sorted({finetuned for _, finetuned in seeds[name]}))
            shared.setdefault(models, {})[column] = table.mean(axis=0)
    for models, own in shared.items():
        draws[:, list(own)] += _around_mean(np.array(list(own.values())), f"fine-tuned models {models}")
    return draws


def _around_mean(values: np.ndarray, name: str) -> np.ndarray:
    """[10,000, M] draws around 0 of M rows' means over the same G units, [M, G]: multivariate t, G - 1 degrees of freedom."""
    units = values.shape[1]
    rng = named_rng(name)
    # [draws, G] normal @ centred values [G, M] has covariance (G - 1) C: no root of the singular C is needed
    scale = np.sqrt(units * rng.chisquare(units - 1, DRAWS))
    normal = rng.standard_normal((DRAWS, units)) / scale[:, None]
    return np.asarray(normal @ (values - values.mean(axis=1, keepdims=True)).T)


def _table(own: np.ndarray, name: str, seeds: Mapping[str, Seeds] | None) -> np.ndarray | None:
    """[U, F] of a row's runs, None where they are not crossed."""
    return None if seeds is None else crossed_table(own, seeds[name])


def p_best(draws: np.ndarray) -> np.ndarray:
    """[M] share of the draws [D, M] in which the row has the smallest error; rows that tie share a draw, an infinite one has none."""
    smallest = draws.min(axis=1, keepdims=True)
    is_best = np.isfinite(draws) & (draws <= smallest + ALIKE * np.abs(smallest))
    return np.asarray(np.mean(is_best / np.maximum(is_best.sum(axis=1, keepdims=True), 1), axis=0))
