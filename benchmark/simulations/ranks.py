"""What metrics/calibration/ranks.py does on boards whose true order is known: wrong calls, power, how true P(best) is.

Unit: the standard deviation of a row over authors. A row that is better by 1 has the others' mean less the square root
of 2, the standard deviation over authors of two rows' difference, which is what a paired test has to see through.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from benchmark.common.tables import Table
from benchmark.simulations._boards import SPREADS
from benchmark.simulations._pair_tests import power_compared, wrong_compared
from benchmark.simulations._stated import by_stated
from metrics.calibration.draws import error_draws, p_best
from metrics.calibration.pairs import lower

ROWS = (15, 55)
AUTHORS = (6, 8, 20)
REPETITIONS = 600  # a share of 5 % has a standard error of 0.9 points
NORMAL = SPREADS[0]


def tables(repetitions: int = REPETITIONS) -> list[Table]:
    """All tables; the same numbers each time."""
    return [
        Table("Boards of equal rows on which any pair is called different (nominal 5 %), in %", wrong(repetitions)),
        Table(
            "The same where a seed shifts all authors of a run by the share given of their standard deviation, in %"
            " (20 authors): the tests hold the runs fixed",
            wrong_with_seeds(repetitions // 2),
        ),
        Table("Power: one row of a board is better than all others, which are equal", power(repetitions // 4), 2),
        Table(
            "P(best) that is stated, and how often the row is the best (15 rows, 20 authors, true means normal)",
            calibration(repetitions // 2),
            3,
        ),
        Table(
            "Three tests of the pairs (metrics/calibration/pairs.py): boards of equal rows on which any pair is called"
            " different, in %",
            wrong_compared(repetitions // 4),
        ),
        Table(
            "Three tests of the pairs: of the pairs with a row that is better than all others, which are equal, those"
            " called, in %",
            power_compared(repetitions // 8),
        ),
    ]


def wrong(repetitions: int) -> pd.DataFrame:
    """Family-wise error, in %: a row a spread and number of authors."""
    made = []
    for spread in SPREADS:
        for authors in AUTHORS:
            rng, called = np.random.default_rng([authors, SPREADS.index(spread)]), np.zeros(len(ROWS))
            for _ in range(repetitions):
                board = spread.draw(rng, ROWS[-1], authors)
                called += [lower(board[:rows]).any() for rows in ROWS]
            made.append([spread.name, authors, *(100 * called / repetitions)])
    return pd.DataFrame(made, columns=["spread", "authors", *(f"{rows} rows" for rows in ROWS)])


def wrong_with_seeds(repetitions: int) -> pd.DataFrame:
    """Family-wise error for methods that are equal while their runs are not, in %."""
    made = []
    for shift in (0.1, 0.2, 0.4):
        for seeds in (1, 3):
            rng, called = np.random.default_rng(seeds), np.zeros(len(ROWS))
            for _ in range(repetitions):
                board = NORMAL.draw(rng, ROWS[-1], 20)
                board += shift * rng.standard_normal((ROWS[-1], seeds)).mean(axis=1, keepdims=True)
                called += [lower(board[:rows]).any() for rows in ROWS]
            made.append([f"{shift:g}", str(seeds), *(100 * called / repetitions)])
    return pd.DataFrame(made, columns=["shift", "seeds", *(f"{rows} rows" for rows in ROWS)])


def power(repetitions: int) -> pd.DataFrame:
    """How often the better row is the only one with rank 1, how many may have it, and the better row's mean P(best)."""
    made = []
    for rows in ROWS:
        for authors in AUTHORS:
            for better in (0.5, 1.0, 2.0):
                rng, alone, may, stated = np.random.default_rng(authors), 0, 0, 0.0
                for _ in range(repetitions):
                    board = NORMAL.draw(rng, rows, authors)
                    board[0] -= better * np.sqrt(2)
                    below = lower(board)
                    alone += int(below[0].sum() == rows - 1)
                    may += int(np.sum(~below.any(axis=0)))
                    stated += p_best(error_draws(_one_seed(board)))[0]
                made.append([str(rows), authors, f"{better:g}", *(np.array([alone, may, stated]) / repetitions)])
    names = ["rows", "authors", "better by", "called the best", "rows that may be the best", "P(best)"]
    return pd.DataFrame(made, columns=names)


def calibration(repetitions: int) -> pd.DataFrame:
    """Stated P(best) and the share that is the best, by how far the rows' true means are spread (in the unit above)."""
    made = []
    for truth in (0.1, 0.3, 1.0):
        for seeds, shift in ((1, 0.0), (3, 0.3)):
            stated, best = _stated(truth, seeds, shift, repetitions)
            made += [[f"{truth:g}", str(seeds), f"{shift:g}", *line] for line in by_stated(stated, best)]
    names = ["spread of truths", "seeds", "seeds shift by", "P(best)", "number", "mean stated", "is the best"]
    return pd.DataFrame(made, columns=names)


def _stated(truth: float, seeds: int, shift: float, repetitions: int) -> tuple[np.ndarray, np.ndarray]:
    """P(best) of all rows of all boards, and whether each is the best in truth."""
    rng, stated, best = np.random.default_rng(seeds), [], []
    for _ in range(repetitions):
        means = truth * rng.standard_normal(ROWS[0])
        board = means[:, None] + NORMAL.draw(rng, ROWS[0], 20)
        runs = board[:, None] + shift * rng.standard_normal((ROWS[0], seeds, 1))  # [M, S, G]
        stated.append(p_best(error_draws({str(m): own for m, own in enumerate(runs)})))
        best.append(means == means.min())
    return np.concatenate(stated), np.concatenate(best)


def _one_seed(board: np.ndarray) -> dict[str, np.ndarray]:
    return {str(m): own[None] for m, own in enumerate(board)}
