"""How true stated probabilities are: those that are about alike taken together, beside how often what they are of holds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

EDGES = (0.0, 0.02, 0.1, 0.3, 0.6, 0.9, 1.0)


def by_stated(stated: np.ndarray, holds: np.ndarray) -> Iterator[list[Any]]:
    """A line for each span between two ``EDGES`` that has any: the span, how many, their mean, the share that holds.

    Args:
        stated: [n] probabilities.
        holds: [n] bool.
    """
    bins = np.clip(np.searchsorted(EDGES, stated, side="right") - 1, 0, len(EDGES) - 2)
    for number in np.unique(bins):
        own = bins == number
        span = f"{EDGES[number]:g} to {EDGES[number + 1]:g}"
        yield [span, str(own.sum()), stated[own].mean(), holds[own].mean()]
