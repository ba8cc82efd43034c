"""Replica: OpenUnlearning's probability, with an epsilon in the denominator of the multiple-choice sets.

Differs from ``probability``: p(gold) / (p(gold) + sum_j p(wrong_j) + 1e-10) on real authors and world
facts, so that a collapsed model goes to 0 instead of keeping its ratio. Forget and retain are the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from metrics.probability import MULTIPLE_CHOICE, Probability

if TYPE_CHECKING:
    from benchmark.evaluation.scores import SetScores

EPSILON = 1e-10


class ProbabilityOpenUnlearning(Probability):
    name = "probability_openunlearning"
    version = 1
    source = "OpenUnlearning, arXiv 2506.12618, its code as of 2025"
    replica = True

    def per_example(self, set_name: str, rows: SetScores) -> np.ndarray:
        if set_name not in MULTIPLE_CHOICE:
            return super().per_example(set_name, rows)
        gold = np.exp(-rows.answer_nll())  # [n]
        wrong = np.nansum(np.exp(-rows.wrong_nll()), axis=1)
        return gold / (gold + wrong + EPSILON)
