"""Errors of made-up board rows by author: what a method's authors may be spread like."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Spread:
    """How the authors of a row differ around its mean. All rows of a board have mean 0."""

    name: str
    tails: int | None = None  # degrees of freedom of Student's t, scaled to variance 1; None: normal
    skewed: bool = False  # exponential; the difference of two rows of one scale is then symmetric
    mirrored: bool = False  # every second row, so that differences are skewed too
    wide: float = 1.0  # standard deviation of a third of the rows; the first is not one of them
    lone: bool = False  # only the second row is wide
    uneven: float = 0.0  # standard deviation of the logarithm of the rows' standard deviations

    def draw(self, rng: np.random.Generator, rows: int, authors: int) -> np.ndarray:
        """[rows, authors]; standard deviation 1 over authors where rows are even.

        What makes an author hard for all rows is left out: it cancels in each difference.
        """
        scale = np.exp(self.uneven * rng.standard_normal((rows, 1)))
        scale[1 : 2 if self.lone else None : 3] *= self.wide
        side = np.where(np.arange(rows) % 2 * self.mirrored, -1.0, 1.0)[:, None]
        return np.asarray(side * scale * self._unit(rng, rows, authors))

    def _unit(self, rng: np.random.Generator, rows: int, authors: int) -> np.ndarray:
        if self.skewed:
            return rng.exponential(size=(rows, authors)) - 1
        if self.tails is None:
            return rng.standard_normal((rows, authors))
        return rng.standard_t(self.tails, (rows, authors)) / np.sqrt(self.tails / (self.tails - 2))


SPREADS = (
    Spread("normal"),
    Spread("t3", tails=3),
    Spread("skewed", skewed=True),
    Spread("skewed, uneven rows", skewed=True, uneven=0.5),
    Spread("skewed to both sides", skewed=True, mirrored=True),
    Spread("a third five times as wide", wide=5),
    Spread("skewed, one row five times as wide", skewed=True, wide=5, lone=True),
)
