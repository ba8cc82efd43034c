"""Row statistics of made-up retrained models: what two runs of one recipe may differ by."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

ROWS_EACH = 20  # forget rows of an author, as in TOFU


@dataclass(frozen=True)
class Noise:
    """How retrained models differ around what the rows share. Shares of a row's variance add up to at most 1."""

    name: str
    shift: float = 0.0  # share that all rows of a model have in common
    author: float = 0.0  # share that the rows of one author have in common
    uneven: float = 0.0  # standard deviation of the logarithm of the rows' standard deviations
    tails: int | None = None  # degrees of freedom of Student's t, scaled to variance 1; None: normal

    def draw(self, rng: np.random.Generator, models: int, authors: int) -> tuple[np.ndarray, np.ndarray]:
        """``(z [models, n], authors [n])`` with mean 0, and row variance 1 where rows are even; n = 20 an author."""
        codes = np.repeat(np.arange(authors), ROWS_EACH)
        own = np.sqrt(1 - self.shift - self.author) * self._unit(rng, models, len(codes))
        shared = np.sqrt(self.author) * self._unit(rng, models, authors)[:, codes]
        common = np.sqrt(self.shift) * self._unit(rng, models, 1)
        return np.exp(self.uneven * rng.standard_normal(len(codes))) * (own + shared + common), codes

    def _unit(self, rng: np.random.Generator, *shape: int) -> np.ndarray:
        if self.tails is None:
            return rng.standard_normal(shape)
        return np.asarray(rng.standard_t(self.tails, shape) / np.sqrt(self.tails / (self.tails - 2)))


NOISES = (
    Noise("independent rows"),
    Noise("uneven rows", uneven=0.7),
    Noise("authors .3", author=0.3),
    Noise("authors .5, uneven", author=0.5, uneven=0.5),
    Noise("shift .1", shift=0.1),
    Noise("shift .3, authors .1, uneven", shift=0.3, author=0.1, uneven=0.5),
    Noise("shift .6, authors .1", shift=0.6, author=0.1),
    Noise("t5", tails=5),
    Noise("t5, shift .1, authors .2, uneven", shift=0.1, author=0.2, uneven=0.5, tails=5),
)
