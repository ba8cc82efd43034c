"""What two kinds of seeds do to a mean: runs of U unlearning seeds on each of F fine-tuned models.

y[u, f] = mean + a_u + b_f + e_uf. The variance of the mean over all U F runs is estimated from the mean squares of seeds,
fine-tunings and remainder, (MS_u + MS_f - MS_e) / (U F), no less than the largest of the three, with Satterthwaite's degrees of
freedom (Searle, Casella and McCulloch 1992, Variance Components, chapter 4), no fewer than those of the kind that has fewest. Two
fine-tuned models have one degree of freedom: t is 12.7, and the interval as wide as so little knowledge is. tests/common/test_crossed_seeds.py
simulates that it covers enough, whichever of the three carries the variance.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

FEWEST_RUNS = 3  # of one kind of seed: the spread of two is not known to any purpose


def mean_variance(points: np.ndarray, seeds: Sequence[tuple[int, int]]) -> tuple[float, float] | None:
    """``(variance, degrees of freedom)`` of the mean of runs; None where there are too few to tell.

    Runs that are not fully crossed, or of one kind of seed, are taken as independent.

    Args:
        points: [S] the runs' values.
        seeds: the unlearning and the fine-tuning seed of each.
    """
    table = crossed_table(points, seeds)
    if table is None:
        enough = len(points) >= FEWEST_RUNS
        return (float(points.var(ddof=1)) / len(points), len(points) - 1.0) if enough else None
    rows, columns = table.shape
    mean = table.mean()
    by_seed, by_tuning = table.mean(axis=1) - mean, table.mean(axis=0) - mean
    left = table - mean - by_seed[:, None] - by_tuning
    parts = [
        (columns * float(np.sum(by_seed**2)) / (rows - 1), rows - 1),
        (rows * float(np.sum(by_tuning**2)) / (columns - 1), columns - 1),
        (float(np.sum(left**2)) / ((rows - 1) * (columns - 1)), (rows - 1) * (columns - 1)),
    ]
    (of_seeds, _), (of_tunings, _), (of_rest, _) = parts
    total = max(of_seeds + of_tunings - of_rest, of_seeds, of_tunings, of_rest)
    weight = sum(square**2 / freedom for square, freedom in parts)
    degrees = total**2 / weight if weight > 0 else 1.0
    return total / table.size, max(degrees, float(min(rows - 1, columns - 1)))


def crossed_table(points: np.ndarray, seeds: Sequence[tuple[int, int]]) -> np.ndarray | None:
    """[U, F] of the runs, seeds ascending, if every unlearning seed was run on every fine-tuned model, once; two of each at least."""
    rows, columns = sorted({u for u, _ in seeds}), sorted({f for _, f in seeds})
    if len(rows) < 2 or len(columns) < 2 or len(set(seeds)) < len(seeds) or len(seeds) < len(rows) * len(columns):
        return None
    table = np.empty((len(rows), len(columns)))
    for point, (u, f) in zip(points, seeds, strict=True):
        table[rows.index(u), columns.index(f)] = point
    return table
