"""Exact memorization: share of the answer's tokens that the model ranks first, the tokens before them given.

Teacher-forced: position i counts where the gold token is the argmax after the gold tokens before it. The
closing EOS is left out, as in OpenUnlearning. Per row in [0, 1]; aggregate: mean over the forget rows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from metrics._evaluate import TOKENS, standalone
from metrics._rows import answer_problems
from metrics._tokens import content_is_greedy, no_content
from metrics.base import SetMetric

if TYPE_CHECKING:
    from benchmark.evaluation.scores import SetScores


class ExactMemorization(SetMetric):
    name = "exact_memorization"
    version = 1
    direction = "target"
    range = (0.0, 1.0)
    unit = "share of tokens"
    reads = ("answers",)
    source = "Tirumala et al. 2022, arXiv 2205.10770, section 3; OpenUnlearning, arXiv 2506.12618"
    sets = ("forget",)

    def per_example(self, set_name: str, rows: SetScores) -> np.ndarray:
        flags = [content_is_greedy(answer) for answer in rows.answers]
        return np.array([f.mean() if len(f) else np.nan for f in flags], dtype=np.float64)

    def problems(self, set_name: str, rows: SetScores) -> dict[str, np.ndarray]:
        problems = answer_problems("gold answer", rows.answers, rows.answer_nll())
        return problems | {"gold answer without tokens before its EOS": no_content(rows.answers)}


Card = standalone(ExactMemorization, TOKENS)
