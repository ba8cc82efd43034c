"""Errors of a board's rows: how far each is from the retrained models, author by author.

z[t, m, i] is row statistic t of model m on forget row i, as in ``distance``. The error of a run on an author is its distance on that
author's rows, by the statistic that makes it largest:

    e_a = max over t of sqrt(mean over the author's rows of (z[t, i] - mean of the K retrained models)^2 / (1 + 1 / K)) / unit_t,

unit_t what 1 is on all rows (``Distance.unit``). The mean over authors is close to ``distance_largest``, and unlike it has a
value an author. Authors weigh the same, whatever their number of rows: they are
what is drawn in ``ranks``.

What is held fixed: the retrained models. A run that is one more retrained model has an error above 0 too: about 1.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from benchmark.common.jackknife import clusters
from metrics.calibration.distance import complete_rows, distance


@dataclass(frozen=True)
class BoardErrors:
    """The errors of all rows of a board, on the forget rows that all define."""

    errors: dict[str, np.ndarray]  # board row -> [S, G] by seed and author; NaN where it defines nothing at all
    rows: int  # forget rows
    authors: int  # G


def board_errors(candidates: Mapping[str, np.ndarray], retrained: np.ndarray, authors: np.ndarray) -> BoardErrors:
    """Errors of a board's rows by seed and author; {} where the retrained models give no unit (one of them, or all alike).

    A forget row that one run or retrained model leaves undefined is dropped for all, so that all are compared on the
    same questions; so is one on which a retrained model is infinite. A board row with a run that defines nothing takes
    no question away from the others.

    Args:
        candidates: board row -> [S, T, n] the T statistics of its runs, S seeds.
        retrained: [K, T, n].
        authors: [n] numbers; a forget row of nobody (-1) is an author of its own.

    Raises:
        ValueError: the shapes do not fit, or there is no retrained model.
    """
    z, authors = np.asarray(retrained, dtype=np.float64), np.asarray(authors)
    runs = {name: np.asarray(u, dtype=np.float64) for name, u in candidates.items()}
    fits = z.ndim == 3 and len(z) and authors.shape == z.shape[2:]
    if not fits or any(u.ndim != 3 or u.shape[1:] != z.shape[1:] for u in runs.values()):
        raise ValueError(
            f"runs [S, T, n], retrained models [K, T, n] and authors [n] are needed: [T, n] is {z.shape[1:]}"
        )
    defined = [u for u in runs.values() if not np.isnan(u).all(axis=2).any()]
    rows = [u.reshape(-1, z.shape[2]) for u in (z, *defined)]
    kept = complete_rows(*rows) & np.isfinite(z).all(axis=(0, 1))
    codes, count = clusters(authors[kept])
    z = z[:, :, kept]
    units = [distance(statistic[0], statistic).unit for statistic in np.moveaxis(z, 1, 0)]
    if None in units:
        return BoardErrors({}, int(kept.sum()), count)
    center, scale = z.mean(axis=0), np.array(units, dtype=np.float64) * np.sqrt(1 + 1 / len(z))
    squares = {name: ((u[:, :, kept] - center) / scale[:, None]) ** 2 for name, u in runs.items()}
    errors = {name: np.sqrt(_author_means(square, codes, count)).max(axis=1) for name, square in squares.items()}
    return BoardErrors(errors, int(kept.sum()), count)


def _author_means(rows: np.ndarray, codes: np.ndarray, count: int) -> np.ndarray:
    """[S, T, G] from [S, T, n]; an infinite number stays with its author."""
    means = np.empty((*rows.shape[:2], count))
    for author in range(count):
        means[:, :, author] = rows[:, :, codes == author].mean(axis=2)
    return means
