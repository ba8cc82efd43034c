"""Truth probability on the forget rows: the right answer's share beside the wrong ones.

p(correct) / (p(correct) + p(wrong)) with p(correct) = exp(-nll) of the paraphrased answer and p(wrong) the
geometric mean of the wrong answers' exp(-nll), nll in nats per token, closing EOS included. With R the
truth ratio (geometric) this is 1 / (1 + R), computed from log R: a collapsed model keeps its share. 1/2:
right and wrong are equally likely. Aggregate: mean over rows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from metrics.base import SetMetric
from metrics.truth_ratio import TruthRatio

if TYPE_CHECKING:
    from benchmark.evaluation.scores import SetScores

TRUTH_RATIO = TruthRatio()


class TruthProbability(SetMetric):
    name = "truth_probability"
    version = 1
    direction = "target"
    range = (0.0, 1.0)
    unit = "probability"
    reads = ("paraphrases", "wrong")
    source = "OpenUnlearning, arXiv 2506.12618, meta-evaluation: truth ratio as correct / (correct + wrong)"
    sets = ("forget",)

    def per_example(self, set_name: str, rows: SetScores) -> np.ndarray:
        with np.errstate(invalid="ignore"):  # NaN stays undefined
            return np.exp(-np.logaddexp(0.0, TRUTH_RATIO.per_example(set_name, rows)))

    def problems(self, set_name: str, rows: SetScores) -> dict[str, np.ndarray]:
        return TRUTH_RATIO.problems(set_name, rows)
