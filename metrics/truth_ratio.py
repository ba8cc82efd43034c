"""Truth ratio (geometric): how probable the wrong answers are beside the right one.

R = exp(nll(correct) - mean_j nll(wrong_j)), nll in nats per token, closing EOS included; ``correct`` is the
paraphrased answer on forget and retain, the gold answer on real authors and world facts. Aggregate: forget
mean min(R, 1/R); the other sets mean max(0, 1 - R). The mean of nlls makes it the geometric mean over the
wrong answers, as in TOFU's published logs; TOFU's text says arithmetic, which gives other numbers.

``per_example`` holds log R: R overflows and underflows, its logarithm does not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import numpy as np

from metrics._evaluate import NLLS, standalone
from metrics._rows import answer_problems, wrong_answer_problems
from metrics.base import SetMetric

if TYPE_CHECKING:
    from benchmark.evaluation.scores import AnswerScores, SetScores


class TruthRatio(SetMetric):
    name = "truth_ratio"
    version = 1
    direction: ClassVar[dict[str, str]] = {
        "forget": "target",
        "retain": "higher",
        "real_authors": "higher",
        "world_facts": "higher",
    }
    range = (0.0, 1.0)
    unit = "1"
    reads = ("answers", "paraphrases", "wrong")
    source = "TOFU, arXiv 2401.06121, evaluation metrics: truth ratio; geometric as in the authors' logs"

    def per_example(self, set_name: str, rows: SetScores) -> np.ndarray:
        """[n] log R."""
        _, _, correct = correct_answers(set_name, rows)
        counts = np.array([len(row) for row in rows.wrong], dtype=np.float64)
        with np.errstate(invalid="ignore", divide="ignore"):
            return correct - np.nansum(rows.wrong_nll(), axis=1) / counts

    def transform(self, set_name: str, values: np.ndarray) -> np.ndarray:
        if set_name == "forget":
            return np.exp(-np.abs(values))  # min(R, 1/R)
        return -np.expm1(np.minimum(values, 0.0))  # max(0, 1 - R)

    def problems(self, set_name: str, rows: SetScores) -> dict[str, np.ndarray]:
        what, answers, correct = correct_answers(set_name, rows)
        wrong = rows.wrong_nll()
        problems = answer_problems(what, answers, correct) | wrong_answer_problems(rows.wrong, wrong)
        return problems | {"infinite log-likelihood": np.isinf(correct) | np.isinf(wrong).any(axis=1)}


def correct_answers(set_name: str, rows: SetScores) -> tuple[str, list[AnswerScores | None], np.ndarray]:
    """The right answer beside the wrong ones: what it is called, the answers, their nll [n]."""
    if set_name in ("forget", "retain"):
        return "paraphrase", rows.paraphrases, rows.paraphrase_nll()
    return "gold answer", rows.answers, rows.answer_nll()


Card = standalone(TruthRatio, NLLS)
