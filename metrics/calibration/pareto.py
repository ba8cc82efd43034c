"""The front of distance and utility kept: the rows that no other row beats in one without losing in the other."""

from __future__ import annotations

import numpy as np

from benchmark.common.statistics import named_rng


def front(distance: np.ndarray, kept: np.ndarray) -> np.ndarray:
    """[..., M] bool: the rows on the front of distance (lower is better) and utility kept (higher is better).

    A row that is as good in one and better in the other beats a row; two that are alike in both do not beat each other.
    A row with a number that is not finite is never on the front and beats none.

    Args:
        distance: [..., M]; leading axes, such as draws, are fronts of their own.
        kept: [..., M].
    """
    near, useful = np.broadcast_arrays(np.asarray(distance, dtype=np.float64), np.asarray(kept, dtype=np.float64))
    defined = np.isfinite(near) & np.isfinite(useful)
    near, useful = np.where(defined, near, np.nan), np.where(defined, useful, np.nan)  # comparisons with NaN are false
    beaten = ~defined
    for m in range(near.shape[-1]):  # rows one by one: [draws, M, M] would be large
        d, u = near[..., m, None], useful[..., m, None]
        beaten |= (d <= near) & (u >= useful) & ((d < near) | (u > useful))
    return ~beaten


def utility_draws(
    shape: tuple[int, ...], kept: np.ndarray, se: np.ndarray, degrees: np.ndarray, seeds: np.ndarray | float = 0.0
) -> np.ndarray:
    """[D, M] draws of utility kept: value * exp(se t + seeds), t with its degrees of freedom; fixed where there is no interval.

    t is drawn independently of the errors, whose authors are others, and between rows. All rows answer the same questions,
    so that in truth their utilities move together: shares of draws are nearer to each other than they should be.

    Args:
        shape: D, M.
        kept: [M] utility kept, NaN where undefined.
        se: [M] its standard error on the log scale, NaN where there is no interval.
        degrees: [M] of freedom of that standard error.
        seeds: [D, M] draws of what seeds do to its logarithm (``draws.seed_draws``).

    Raises:
        ValueError: the shapes do not fit.
    """
    value, spread, freedom = (np.asarray(x, dtype=np.float64) for x in (kept, se, degrees))
    if any(x.shape != shape[1:] for x in (value, spread, freedom)):
        raise ValueError(f"a value, standard error and degrees of freedom for each of {shape[1]} rows are needed")
    varies = np.isfinite(spread)
    t = named_rng("utility kept").standard_t(np.where(varies, freedom, 1.0), shape)
    with np.errstate(over="ignore", invalid="ignore"):
        return np.asarray(value * np.exp(np.where(varies, spread, 0.0) * t + seeds))
