"""How often metrics/calibration is right: type I error, power, where distances centre, and what intervals cover.

A repetition draws one pool of models, whose first is the candidate; the same pool serves all K, so that a row of a table
compares K on the same data. With 1,000 repetitions a share of 5 % has a standard error of 0.7 points.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from benchmark.common.kolmogorov_smirnov import ks_two_sample
from benchmark.common.tables import Table
from benchmark.simulations._dempster import f_test
from benchmark.simulations._models import NOISES, Noise
from metrics.calibration.distance import distance
from metrics.calibration.p_retrained import LEVEL, p_retrained
from metrics.calibration.residual import Residual, residual

MODELS = (3, 4, 5, 7, 9, 19)
AUTHORS = (1, 4, 20)
REPETITIONS = 1000
SPREAD = Noise("", author=0.1, uneven=0.5)  # of the tables that are not about the noise

Test = Callable[[np.ndarray, np.ndarray], float]


def tables(repetitions: int = REPETITIONS) -> list[Table]:
    """All tables; the same numbers each time."""
    return [
        Table("Held-out retrained models rejected at 5 % (p_retrained), in %", type_one(_ours, MODELS, repetitions)),
        Table("The same by F with estimated degrees of freedom, in %", type_one(f_test, MODELS[:5], repetitions)),
        Table("Distance of held-out retrained models (4 authors)", centers(repetitions), 2),
        Table("Models with some trace of the forget rows rejected, in % (4 authors)", power(repetitions // 2)),
        Table("95 % intervals of the residual that hold the true one, in %", coverage(repetitions // 2)),
    ]


def _ours(candidate: np.ndarray, retrained: np.ndarray) -> float:
    p = p_retrained(candidate, retrained).p
    return float("nan") if p is None else p


def type_one(test: Test, models: tuple[int, ...], repetitions: int) -> pd.DataFrame:
    """Rejected at nominal 5 % where the candidate is a retrained model, in %: a row a noise and number of authors."""
    rows = []
    for noise in NOISES:
        for authors in AUTHORS:
            rng = np.random.default_rng([authors, NOISES.index(noise)])
            rejected = np.zeros(len(models))
            for _ in range(repetitions):
                z, _ = noise.draw(rng, 1 + models[-1], authors)
                rejected += [test(z[0], z[1 : 1 + k]) <= LEVEL for k in models]
            shares = 100 * rejected / repetitions
            rows.append([noise.name, authors, *shares])
    return pd.DataFrame(rows, columns=["noise", "authors", *(f"K = {k}" for k in models)])


def centers(repetitions: int) -> pd.DataFrame:
    """Median and 5-95 % range of held-out retrained models' distance, and the median without 1 + 1 / L."""
    rng, rows = np.random.default_rng(0), []
    values = {k: np.empty(repetitions) for k in (2, *MODELS)}
    for number in range(repetitions):
        z, _ = SPREAD.draw(rng, 1 + MODELS[-1], 4)
        for k in values:
            values[k][number] = distance(z[0], z[1 : 1 + k]).value
    for k, own in values.items():
        plain = float(np.sqrt((1 + 1 / k) / (1 + 1 / (k - 1))))  # T_u / median T_k, as it stands
        low, high = np.quantile(own, [0.05, 0.95])
        rows.append([str(k), float(np.median(own)), low, high, float(np.median(own)) * plain])
    return pd.DataFrame(rows, columns=["K", "median", "5 %", "95 %", "median, uncorrected"])


def power(repetitions: int) -> pd.DataFrame:
    """Rejected where a tenth of the rows or all of them are shifted so far that the distance is about the one given.

    KS: forget quality's test, of the candidate's rows against one retrained model's, unpaired.
    """
    rows, models = [], MODELS
    for share in (0.1, 1.0):
        for far in (1.25, 1.5, 2.0, 3.0):
            rng, rejected = np.random.default_rng(0), np.zeros(len(models) + 1)
            for _ in range(repetitions):
                z, codes = SPREAD.draw(rng, 1 + models[-1], 4)
                z = z + 3 * rng.standard_normal(len(codes))  # rows differ more than models do
                size = np.sqrt((far**2 - 1) / share * z[1:].var(axis=0, ddof=1).mean())
                u = z[0] + size * (rng.permutation(len(codes)) < share * len(codes))
                ours = [_ours(u, z[1 : 1 + k]) <= LEVEL for k in models]
                rejected += [*ours, ks_two_sample(u, z[1]).pvalue <= LEVEL]
            rows.append([f"{share:.0%}", f"{far:g}", *(100 * rejected / repetitions)])
    return pd.DataFrame(rows, columns=["rows shifted", "distance", *(f"K = {k}" for k in models), "KS"])


def coverage(repetitions: int) -> pd.DataFrame:
    """Coverage of the residual's interval. Noise .3 of what fine-tuning adds; that varies by author (sd .2) and row (.5)."""
    rows, models = [], (3, 5, 9, 19)
    noises = (NOISES[0], NOISES[4], NOISES[5])
    for noise in noises:
        for authors in (4, 10, 20):
            for true in (0.0, 0.5, 1.0):
                rng, hit = np.random.default_rng(0), np.zeros(len(models))
                for _ in range(repetitions):
                    z, codes = noise.draw(rng, 1 + models[-1], authors)
                    z *= 0.3
                    added, kept = 1 + 0.2 * rng.standard_normal((2, authors))[:, codes]
                    added, kept = (x + 0.5 * rng.standard_normal(len(codes)) for x in (added, kept))
                    for column, k in enumerate(models):
                        own = residual(z[0] + true * kept, z[1 : 1 + k], added, codes)
                        hit[column] += _holds(own, true)
                rows.append([noise.name, authors, f"{true:g}", *(100 * hit / repetitions)])
    return pd.DataFrame(rows, columns=["noise", "authors", "residual", *(f"K = {k}" for k in models)])


def _holds(made: Residual, true: float) -> bool:
    """Whether the interval holds the true residual; without a value nothing is claimed."""
    return made.value is None or (made.low is not None and made.high is not None and made.low <= true <= made.high)
