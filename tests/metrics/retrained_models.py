"""Row statistics of made-up retrained models."""

import numpy as np

ROWS, AUTHORS = 80, np.repeat(np.arange(4), 20)


def models(number, seed=0, rows=ROWS, shift=0.0):
    """[number, rows] of rows that differ by 3, models by 1 a row and by ``shift`` altogether."""
    rng = np.random.default_rng([seed, number])
    return (
        3 * rng.standard_normal(rows) + rng.standard_normal((number, rows)) + shift * rng.standard_normal((number, 1))
    )
