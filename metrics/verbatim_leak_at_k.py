"""Verbatim leak@k: the chance that at least one of k sampled answers is the gold answer, word for word.

q = exp(-sum of the answer's token nlls, closing EOS included) is the probability that one sample at
temperature 1, with nothing cut off the distribution, is exactly the gold answer; leak@k = 1 - (1 - q)^k.
This is exact, no sampling is done. k = 100 (``extra`` has 1 and 10): asking a model a hundred times costs
next to nothing. A lower bound on what leaks, next to 0 for long answers whatever the model knows: other wordings of the
same fact do not count. Aggregate: mean over the forget rows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from metrics._rows import answer_problems
from metrics.base import Measurement, SetMetric, mean

if TYPE_CHECKING:
    from benchmark.evaluation.scores import Scores, SetScores

K = 100
OTHERS = (1, 10)


class VerbatimLeakAtK(SetMetric):
    name = "verbatim_leak_at_k"
    version = 1
    direction = "target"
    range = (0.0, 1.0)
    unit = "probability"
    reads = ("answers",)
    source = "leak@k of Reisizadeh et al. 2025, arXiv 2511.04934, computed instead of sampled"
    sets = ("forget",)

    def per_example(self, set_name: str, rows: SetScores) -> np.ndarray:
        return leak(log_q(rows), K)

    def problems(self, set_name: str, rows: SetScores) -> dict[str, np.ndarray]:
        return answer_problems("gold answer", rows.answers, rows.answer_nll())

    def _measure_set(self, set_name: str, scores: Scores) -> Measurement:
        m = super()._measure_set(set_name, scores)
        if m.value is not None:
            m.extra.update(other_k(scores.sets[set_name], ~np.isnan(m.per_example)))
        return m


def log_q(rows: SetScores) -> np.ndarray:
    """[n] log-probability of sampling exactly the gold answer; NaN without tokens."""
    sums = [np.sum(a.logprobs, dtype=np.float64) if len(a.logprobs) else np.nan for a in rows.answers]
    return np.minimum(np.array(sums, dtype=np.float64), 0.0)  # float32 may leave a sum a hair above 0


def leak(log_q: np.ndarray, k: int) -> np.ndarray:
    """[n] 1 - (1 - q)^k without loss of digits, for q from e^-700 up to 1."""
    with np.errstate(divide="ignore"):  # q = 1: log(1 - q) is -inf, and the leak 1
        return -np.expm1(k * np.log1p(-np.exp(np.asarray(log_q, dtype=np.float64))))


def other_k(rows: SetScores, counted: np.ndarray) -> dict[str, float]:
    """The aggregate at the other values of k, and k itself, for ``extra``."""
    values = log_q(rows)[counted]
    return {"k": float(K)} | {f"verbatim_leak_at_{k}": float(mean(leak(values, k))[0]) for k in OTHERS}
