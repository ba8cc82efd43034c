"""How true P(first) and P(best) are where rows lie at the limit of utility: boards whose nearest useful row is known.

Unit of errors: the standard deviation of a row over authors, as in ``ranks``. True utilities are normal around the limit, and who keeps
less is nearer, so that the first place hangs on who keeps enough. What is seen of a utility is log-normal around the truth with
a known standard error. P(best) is of the rows that are seen to keep enough, as on a board.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from benchmark.common.tables import Table
from benchmark.simulations._boards import SPREADS
from benchmark.simulations._stated import by_stated
from metrics.calibration.draws import error_draws, p_best
from metrics.calibration.first import p_first
from metrics.calibration.pareto import utility_draws
from metrics.utility_kept import KEPT

ROWS, AUTHORS = 15, 10
REPETITIONS = 400
TRUTHS = 0.05  # standard deviation of true utilities
SLOPE = 20.0  # errors a unit of utility: a row that keeps .05 more is farther by 1
# Standard errors of what is kept: of many rows, about those of authors-100, about those of smollm2-mini.
ERRORS = (0.005, 0.015, 0.03)
SURE = 1e6  # degrees of freedom: the standard error is known


def tables(repetitions: int = REPETITIONS) -> list[Table]:
    """One table; the same numbers each time."""
    title = f"P(best) and P(first) that are stated, and how often the row is first ({ROWS} rows, {AUTHORS} authors)"
    return [Table(title, calibration(repetitions), 3)]


def calibration(repetitions: int) -> pd.DataFrame:
    """Stated shares and the share that is first in truth, by the standard error of what is kept."""
    made = []
    for se in ERRORS:
        first, *stated = _boards(se, repetitions)
        for name, shares in zip(("P(best)", "P(first)"), stated, strict=True):
            known = ~np.isnan(shares)
            made += [[f"{se:g}", name, *line] for line in by_stated(shares[known], first[known])]
    return pd.DataFrame(made, columns=["error of utility", "share", "stated", "number", "mean stated", "is first"])


def _boards(se: float, repetitions: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of all rows of all boards: whether it is first, its P(best), NaN for rows that are seen to keep too little, its P(first)."""
    rng, made = np.random.default_rng(int(1000 * se)), []
    for _ in range(repetitions):
        kept = KEPT + TRUTHS * rng.standard_normal(ROWS)
        means = SLOPE * kept + rng.standard_normal(ROWS)
        useful = np.where(kept >= KEPT, means, np.inf)
        seen = kept * np.exp(se * rng.standard_normal(ROWS))
        board = means[:, None] + SPREADS[0].draw(rng, ROWS, AUTHORS)
        draws = error_draws({str(m): own[None] for m, own in enumerate(board)})
        utility = utility_draws(draws.shape, seen, np.full(ROWS, se), np.full(ROWS, SURE))
        best, enough = np.full(ROWS, np.nan), seen >= KEPT
        if enough.any():
            best[enough] = p_best(draws[:, enough])
        made.append(((useful == useful.min()) & np.isfinite(useful), best, p_first(draws, utility, KEPT)))
    first, best, stated = (np.concatenate(parts) for parts in zip(*made, strict=True))
    return first, best, stated
