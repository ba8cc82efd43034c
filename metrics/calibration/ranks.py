"""Ranks of a board's rows by their error, as the sets of places that the data leave open.

Row i is better than row j if its mean error is lower by a sign-flip test over authors, of all pairs of the board at once
(``pairs``). Then low = 1 + number of better rows, high = M - number of worse rows. If no pair is called
wrongly, all M sets [low, high] hold the true ranks at once (Mogstad, Romano, Shaikh and Wilhelm 2024, Review of
Economic Studies 91, 476-518). Being tied is not being equal.

What varies in the tests: authors. What is held fixed: the runs, of which an author's mean over seeds is taken, and the
retrained models. So a set is about these runs; only ``best`` counts what another seed would have changed (``draws``).

Simulated share of boards of 15 or 55 equal rows with a wrong call, 6 to 20 authors (benchmark/simulations/ranks.py;
nominal 5 %): 0-6 %, whether authors are normal, t3 or skewed, and rows alike, uneven or skewed to opposite sides; 7-10 %
where one skewed row is five times as wide as the others. For
methods that are equal while a seed shifts a run by 0.2 of the authors' standard deviation: 42-66 % with one seed, 15-19 %
with three. Rows whose authors are far more uneven than the others' leave more rows tied (``pairs``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from benchmark.common.jackknife import FEWEST
from metrics.calibration.draws import Seeds, error_draws, p_best, seed_spreads
from metrics.calibration.pairs import lower

FEWEST_AUTHORS = 6  # with five, the smallest p of a sign-flip test is 2 / 2^5 = 0.0625
FEW_AUTHORS = f"fewer than {FEWEST_AUTHORS} authors"


@dataclass(frozen=True)
class Rank:
    """The places that a row may have on its board, 1 being the smallest error."""

    low: int | None  # None where the row has no finite error
    high: int | None
    better: tuple[str, ...] = ()  # the rows that are better than this one
    worse: tuple[str, ...] = ()
    tied: tuple[str, ...] = ()  # the rows that it cannot be told from
    error: float | None = None  # mean over authors and seeds
    best: float | None = None  # probability of the smallest error
    seeds: str = ""  # where ``best`` has the spread between seeds from
    reason: str = ""  # why nothing was tested, or why there is no rank

    @property
    def is_first(self) -> bool:
        """Whether the row is better than some other, and none is better than it."""
        return self.low == 1 and bool(self.worse)


def rank_rows(errors: Mapping[str, np.ndarray], runs: Mapping[str, Seeds] | None = None) -> dict[str, Rank]:
    """Board row -> its rank among the M rows with finite errors.

    Below 6 authors nothing can be told: all rows are tied. Below 4 no row has a probability of being the best either.

    Args:
        errors: board row -> [S, G], S seeds (its own number), the same G authors in the same order.
        runs: board row -> the seeds of unlearning and of fine-tuning of its S runs; None: one fine-tuned model.

    Raises:
        ValueError: the shapes do not fit.
    """
    given = {name: np.asarray(e, dtype=np.float64) for name, e in errors.items()}
    if any(e.ndim != 2 or not len(e) for e in given.values()) or len({e.shape[1] for e in given.values()}) > 1:
        raise ValueError(f"errors [S, G] with one G are needed, not {[e.shape for e in given.values()]}")
    finite = {name: e for name, e in given.items() if e.size and np.isfinite(e).all()}
    ranks = dict(zip(finite, _ranked(finite, runs), strict=True)) if finite else {}
    return {name: ranks.get(name, Rank(None, None, reason="no finite error")) for name in given}


def _ranked(errors: Mapping[str, np.ndarray], runs: Mapping[str, Seeds] | None) -> list[Rank]:
    names, means = list(errors), np.array([e.mean(axis=0) for e in errors.values()])
    authors = means.shape[1]
    tested, drawn = authors >= FEWEST_AUTHORS, authors >= FEWEST
    below = lower(means) if tested else np.zeros((len(names), len(names)), dtype=bool)
    best = p_best(error_draws(errors, runs)).tolist() if drawn else [None] * len(names)
    seeds, made = seed_spreads({name: e.mean(axis=1) for name, e in errors.items()}, runs), []
    for i, name in enumerate(names):
        better, worse = below[:, i], below[i]
        alike = ~(better | worse)
        alike[i] = False
        made.append(
            Rank(
                low=1 + int(better.sum()),
                high=len(names) - int(worse.sum()),
                better=tuple(names[j] for j in np.flatnonzero(better)),
                worse=tuple(names[j] for j in np.flatnonzero(worse)),
                tied=tuple(names[j] for j in np.flatnonzero(alike)),
                error=float(means[i].mean()),
                best=best[i],
                seeds=seeds[name].source if drawn else "",
                reason="" if tested else FEW_AUTHORS,
            )
        )
    return made
