"""Replica: OpenUnlearning's truth ratio, with an epsilon in its denominators.

Differs from ``truth_ratio``: R = p(wrong) / (p(correct) + 1e-10), each p the exp of the mean -nll, and the
forget aggregate is the mean of min(R, 1 / (R + 1e-10)). Once the right answer's nll is above 20 nats per
token the epsilon decides: R of a collapsed model goes to 0, whatever its true ratio.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from metrics._rows import answer_problems, wrong_answer_problems
from metrics.truth_ratio import TruthRatio, correct_answers

if TYPE_CHECKING:
    from benchmark.evaluation.scores import SetScores

EPSILON = 1e-10


class TruthRatioOpenUnlearning(TruthRatio):
    name = "truth_ratio_openunlearning"
    version = 1
    source = "OpenUnlearning, arXiv 2506.12618, its code as of 2025"
    replica = True

    def per_example(self, set_name: str, rows: SetScores) -> np.ndarray:
        """[n] R itself, not its logarithm."""
        _, _, correct = correct_answers(set_name, rows)
        counts = np.array([len(row) for row in rows.wrong], dtype=np.float64)
        with np.errstate(invalid="ignore", divide="ignore"):
            wrong = np.nansum(rows.wrong_nll(), axis=1) / counts
            return np.exp(-wrong) / (np.exp(-correct) + EPSILON)

    def transform(self, set_name: str, values: np.ndarray) -> np.ndarray:
        if set_name == "forget":
            return np.minimum(values, 1 / (values + EPSILON))
        return np.maximum(0.0, 1 - values)

    def problems(self, set_name: str, rows: SetScores) -> dict[str, np.ndarray]:
        what, answers, correct = correct_answers(set_name, rows)
        return answer_problems(what, answers, correct) | wrong_answer_problems(rows.wrong, rows.wrong_nll())
