"""Probability of the paraphrased answer on the forget rows: is the knowledge still there in other words?

exp(-nll) of the paraphrased answer, nll in nats per token, closing EOS included; aggregate: mean over rows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from metrics._rows import answer_problems
from metrics.base import SetMetric

if TYPE_CHECKING:
    from benchmark.evaluation.scores import SetScores


class ParaphraseProbability(SetMetric):
    name = "paraphrase_probability"
    version = 1
    direction = "target"
    range = (0.0, 1.0)
    unit = "probability"
    reads = ("paraphrases",)
    source = "OpenUnlearning, arXiv 2506.12618, metrics: paraphrased probability"
    sets = ("forget",)

    def per_example(self, set_name: str, rows: SetScores) -> np.ndarray:
        return np.exp(np.minimum(-rows.paraphrase_nll(), 0.0))

    def problems(self, set_name: str, rows: SetScores) -> dict[str, np.ndarray]:
        return answer_problems("paraphrase", rows.paraphrases, rows.paraphrase_nll())
