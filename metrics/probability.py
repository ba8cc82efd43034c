"""Probability of the right answer.

Forget, retain: p(answer) = exp(-nll), the geometric mean of the token probabilities, closing EOS included.
Real authors, world facts: p(gold) / (p(gold) + sum_j p(wrong_j)), each p as above, computed from log p so
that a collapsed model (all p near e^-800) still has the right ratio. Aggregate: mean over rows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import numpy as np

from metrics._evaluate import NLLS, standalone
from metrics._rows import answer_problems, wrong_answer_problems
from metrics.base import SetMetric

if TYPE_CHECKING:
    from benchmark.evaluation.scores import SetScores

MULTIPLE_CHOICE = ("real_authors", "world_facts")


class Probability(SetMetric):
    name = "probability"
    version = 1
    direction: ClassVar[dict[str, str]] = {
        "forget": "target",
        "retain": "higher",
        "real_authors": "higher",
        "world_facts": "higher",
    }
    range = (0.0, 1.0)
    unit = "probability"
    reads = ("answers", "wrong")
    source = "TOFU, arXiv 2401.06121, evaluation metrics: probability"

    def per_example(self, set_name: str, rows: SetScores) -> np.ndarray:
        gold = -rows.answer_nll()  # [n] log p
        if set_name not in MULTIPLE_CHOICE:
            return np.exp(np.minimum(gold, 0.0))
        wrong = -rows.wrong_nll()  # [n, W]
        wrong = np.where(np.isnan(wrong), -np.inf, wrong)  # a row with fewer wrong answers: no mass there
        with np.errstate(invalid="ignore"):  # NaN, and -inf - -inf (no answer has any mass), stay undefined
            total = np.logaddexp(gold, np.logaddexp.reduce(wrong, axis=1))
            return np.exp(gold - total)

    def problems(self, set_name: str, rows: SetScores) -> dict[str, np.ndarray]:
        problems = answer_problems("gold answer", rows.answers, rows.answer_nll())
        if set_name in MULTIPLE_CHOICE:
            problems |= wrong_answer_problems(rows.wrong, rows.wrong_nll())
        return problems


Card = standalone(Probability, NLLS)
