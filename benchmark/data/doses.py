"""Doses: shares of the forget rows that a model is trained with beside the retained ones, to know how much is left of it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from benchmark.data.types import Example


def dose_rows(forget: Sequence[Example], share: float, seed: int = 0) -> tuple[Example, ...]:
    """That share of the forget rows, at least one, spread evenly over authors, in the order of ``forget``.

    Doses are nested: a larger one holds every row of a smaller one of the same seed, so that a dose curve rises by rows
    that are added, not by rows that are exchanged.

    Args:
        share: in (0, 1].

    Raises:
        ValueError: the share is out of range.
    """
    if not 0 < share <= 1:
        raise ValueError(f"a dose is a share of the forget rows above 0 and up to 1, not {share}")
    rng = np.random.default_rng([seed, len(forget)])
    authors = [-1 if row.author is None else row.author for row in forget]
    turn = np.zeros(len(forget))  # when a row's author is served: one row of every author, then another one
    for author in set(authors):
        own = [i for i, other in enumerate(authors) if other == author]
        turn[own] = rng.permutation(len(own))
    order = np.lexsort((rng.random(len(forget)), turn))
    kept = sorted(order[: max(1, round(share * len(forget)))].tolist())
    return tuple(forget[i] for i in kept)
