"""Numbers that several rooms share: the level of intervals, their random streams, the harmonic mean."""

from __future__ import annotations

import zlib

import numpy as np

LEVEL = 0.95  # of every interval
STREAMS_SEED = 0  # of every random stream of a board


def named_rng(name: str, seed: int = STREAMS_SEED) -> np.random.Generator:
    """The random stream of that name: its own, whichever others are drawn from."""
    return np.random.default_rng([seed, zlib.crc32(name.encode())])


def harmonic_mean(values: np.ndarray, axis: int = -1) -> np.ndarray:
    """Harmonic mean along an axis: 0 where any value is 0, NaN where any is NaN.

    Raises:
        ValueError: a value is negative, or there is none.
    """
    values = np.asarray(values, dtype=np.float64)
    if values.shape[axis] == 0 or (values < 0).any():
        raise ValueError("a harmonic mean needs at least one value, and none below 0")
    with np.errstate(divide="ignore", over="ignore"):  # the reciprocal of a subnormal is infinite: the mean is 0 there
        return np.asarray(values.shape[axis] / np.sum(1 / values, axis=axis))
