"""What choosing each row's worst attack does to the ranks by it (benchmark/leaderboard/ranking.py).

Every row of a board truly shows the same under its worst attack. Of every other row all eight attacks show that much, so that
the largest of their means lies above it; of the rest one attack does, and the others far less, so that the choice adds nothing. An
author's part is the level plus the row's own author effect, of which attacks share what is given. Unit: the standard deviation of a
part over authors.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from benchmark.common.tables import Table
from metrics.calibration.pairs import lower

ROWS = (15, 55)
AUTHORS = (8, 10, 20)
ATTACKS = 8
SHARED = (0.0, 0.5, 0.9)  # of the variance over authors
REPETITIONS = 400


def tables(repetitions: int = REPETITIONS) -> list[Table]:
    """All tables; the same numbers each time."""
    return [
        Table("Boards of equal rows on which any pair is called different (nominal 5 %), in %", wrong(repetitions)),
    ]


def wrong(repetitions: int) -> pd.DataFrame:
    """Family-wise error, in %, and how far the choice lifts a row whose attacks are all alike."""
    made = []
    for shared in SHARED:
        for authors in AUTHORS:
            rng, called, lift = np.random.default_rng([authors, round(10 * shared)]), np.zeros(len(ROWS)), 0.0
            for _ in range(repetitions):
                board = draw(rng, ROWS[-1], authors, shared)
                lift += board[::2].mean() / repetitions
                called += [lower(board[:rows]).any() for rows in ROWS]
            made.append([f"{shared:g}", authors, lift, *(100 * called / repetitions)])
    return pd.DataFrame(made, columns=["shared by attacks", "authors", "lift", *(f"{rows} rows" for rows in ROWS)])


def draw(rng: np.random.Generator, rows: int, authors: int, shared: float) -> np.ndarray:
    """[rows, authors] parts under each row's worst attack; rows of even number have eight that are equally bad."""
    effects = np.sqrt(shared) * rng.standard_normal((rows, 1, authors))
    parts = effects + np.sqrt(1 - shared) * rng.standard_normal((rows, ATTACKS, authors))
    worst = np.where(np.arange(rows) % 2 == 0, parts.mean(axis=2).argmax(axis=1), 0)
    return parts[np.arange(rows), worst]
