"""How often a part of utility says that a model keeps less than 90 % of it, by how many right answers carry the part.

What varies: which answers a model gets right. Each right answer of the fine-tuned model is lost, and each of as many others
gained, independently. A model without a fault gains as many as it loses on average; one with a fault loses a share of them
beside. Nothing is sampled: the probabilities are those of two binomials. ``metrics/utility_kept.py`` asks for fifty answers.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from benchmark.common.tables import Table
from metrics.utility_kept import KEPT

CARRIED = (5, 10, 20, 30, 50, 100, 200)  # right answers of the fine-tuned model
TURNED = (0.02, 0.05, 0.1, 0.2)  # of right answers, lost and gained alike
LOST = (0.1, 0.2, 0.3, 0.5)  # for good, by a model with a fault
BESIDE = 0.1  # which turn over too


def tables() -> list[Table]:
    """Both tables, in %."""
    return [
        Table(
            "A model without a fault is below 90 % by chance, in %: so many right answers carry the part, and so large a share of "
            "them is lost, and as many gained",
            without_a_fault(),
        ),
        Table(
            "A model that has lost so large a share of the right answers is below 90 %, in % (10 % more are lost and gained)",
            with_a_fault(),
        ),
    ]


def without_a_fault() -> pd.DataFrame:
    """A row a number of right answers, a column a share that turns over."""
    made = [[str(right), *(100 * below(right, turned, turned) for turned in TURNED)] for right in CARRIED]
    return pd.DataFrame(made, columns=["right answers", *(f"{100 * turned:g} % turn over" for turned in TURNED)])


def with_a_fault() -> pd.DataFrame:
    """A row a number of right answers, a column a share that is lost for good."""
    made = [[str(right), *(100 * below(right, BESIDE + lost, BESIDE) for lost in LOST)] for right in CARRIED]
    return pd.DataFrame(made, columns=["right answers", *(f"{100 * lost:g} % lost" for lost in LOST)])


def below(right: int, lost: float, gained: float) -> float:
    """P(right - L + G < KEPT right), L and G binomial of ``right`` answers with these probabilities."""
    from scipy.stats import binom

    counts = np.arange(right + 1)
    joint = np.outer(binom.pmf(counts, right, lost), binom.pmf(counts, right, gained))  # [L, G]
    left = right - counts[:, None] + counts[None, :]
    return float(joint[left < KEPT * right * (1 - 1e-9)].sum())
