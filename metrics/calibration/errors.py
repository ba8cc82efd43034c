"""Errors of a board's rows: how far each is from the retrained models, author by author.

z[m, i] is a row statistic of model m on forget row i, as in ``distance``. The error of a run on that row is

    e_i = |z_i - mean over the K retrained models of z[k, i]|,

its error on an author the mean over the author's rows. Authors weigh the same, whatever their number of rows: they are
what is drawn in ``ranks``. Unlike a distance it has the statistic's unit (nats), and nothing is divided by: a board's
rows share their retrained models, so that the yardstick is the same for all.

What is held fixed: the retrained models. A run that is one more retrained model has an error above 0 too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from benchmark.common.jackknife import clusters
from metrics.calibration.distance import complete_rows


@dataclass(frozen=True)
class BoardErrors:
    """The errors of all rows of a board, on the forget rows that all define."""

    errors: dict[str, np.ndarray]  # board row -> [S, G] by seed and author; NaN where it defines nothing at all
    rows: int  # forget rows
    authors: int  # G


def board_errors(candidates: Mapping[str, np.ndarray], retrained: np.ndarray, authors: np.ndarray) -> BoardErrors:
    """Errors of a board's rows by seed and author.

    A forget row that one run or retrained model leaves undefined is dropped for all, so that all are compared on the
    same questions; so is one on which a retrained model is infinite. A board row with a run that defines nothing takes
    no question away from the others.

    Args:
        candidates: board row -> [S, n] the statistic of its runs, S seeds; [n] is one seed.
        retrained: [K, n].
        authors: [n] numbers; a forget row of nobody (-1) is an author of its own.

    Raises:
        ValueError: the shapes do not fit, or there is no retrained model.
    """
    z, authors = np.asarray(retrained, dtype=np.float64), np.asarray(authors)
    runs = {name: np.atleast_2d(np.asarray(u, dtype=np.float64)) for name, u in candidates.items()}
    if z.ndim != 2 or not len(z) or any(u.shape[1:] != z.shape[1:] for u in [*runs.values(), authors[None]]):
        raise ValueError(f"runs [S, n], retrained models [K, n] and authors [n] are needed: n is {z.shape[1:]}")
    defined = [u for u in runs.values() if not np.isnan(u).all(axis=1).any()]
    kept = complete_rows(z, *defined) & np.isfinite(z).all(axis=0)
    codes, count = clusters(authors[kept])
    center = z[:, kept].mean(axis=0)
    errors = {name: _author_means(np.abs(u[:, kept] - center), codes, count) for name, u in runs.items()}
    return BoardErrors(errors, int(kept.sum()), count)


def _author_means(errors: np.ndarray, codes: np.ndarray, count: int) -> np.ndarray:
    """[S, G] from [S, n]; an infinite error stays with its author."""
    means = np.empty((len(errors), count))
    for author in range(count):
        means[:, author] = errors[:, codes == author].mean(axis=1)
    return means
