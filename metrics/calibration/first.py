"""P(first): of being the nearest of the rows that keep enough utility, where what they keep is drawn as their errors are."""

from __future__ import annotations

import numpy as np

from metrics.calibration.draws import p_best


def p_first(errors: np.ndarray, utility: np.ndarray, limit: float) -> np.ndarray:
    """[M] share of the draws in which a row keeps the limit and no other that keeps it is nearer; rows that tie share a draw.

    P(best) takes who keeps enough as known from one number a row. Here a row that lies at the limit is in some draws on one side
    of it and in some on the other, and so is what stands between it and the first place. Shares sum to less than 1 where in
    some draws no row keeps enough. How true they are: benchmark/simulations/first.py.

    Args:
        errors: [D, M] draws (``draws.error_draws``).
        utility: [D, M] draws of what is kept (``pareto.utility_draws``); a row without a number there is never first.
        limit: that is asked of utility kept.

    Raises:
        ValueError: the shapes differ.
    """
    if errors.shape != utility.shape:
        raise ValueError(f"draws of the same rows are needed: {errors.shape} and {utility.shape}")
    enters = np.isfinite(errors) & (utility >= limit)  # NaN is not
    return p_best(np.where(enters, errors, np.inf))
