"""Sampled ROUGE: ROUGE-L recall of the best of k sampled answers to a forget question.

Of n samples with recalls x_(1) <= ... <= x_(n) the largest of k that are drawn without replacement is x_(i) with chance C(i - 1, k - 1) / C(n, k),
so that its mean needs no drawing. ``excess_sampled_rouge_at_<k>`` is that, averaged over questions, minus the retrained models' mean;
k up to n. It asks of words what ``fact_leak`` asks of the fact, and so reads datasets that do not know their facts, as TOFU: ROUGE-L recall is a part of
leak@k's judge (arXiv 2511.04934). Interval: forget authors leave one by one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from metrics.base import NO_REFERENCES, Measurement, Metric, References, mean_interval
from metrics.calibration.attacked import SAMPLES, why_not_made
from metrics.calibration.once_a_set import once_a_set
from metrics.fact_leak import KS
from metrics.rouge import rouge_l_recall

if TYPE_CHECKING:
    from benchmark.evaluation.scores import Scores, SetScores


class SampledRouge(Metric):
    name = "sampled_rouge"
    version = 1
    direction = "target"
    range = (-1.0, 1.0)
    unit = "recall"
    reads = ("samples", "gold", "authors")
    source = "this project: ROUGE-L recall (Lin 2004) of the best of k samples, as in leak@k, arXiv 2511.04934"
    sets = ("forget",)
    needs = ("retrained", "finetuned", "attacks")

    def columns(self) -> dict[str, str]:
        return {f"excess_sampled_rouge_at_{k}": str(self.direction) for k in KS}

    def measure(self, scores: Scores, references: References = NO_REFERENCES) -> dict[str, Measurement]:
        if reason := why_not_made(scores, references, SAMPLES):
            return {column: self.undefined(reason) for column in self.columns()}
        return {f"excess_sampled_rouge_at_{k}": self._excess(scores, references, k) for k in KS}

    def _excess(self, scores: Scores, references: References, k: int) -> Measurement:
        own = recalls(scores[SAMPLES])
        if k > own.shape[1]:
            return self.undefined(f"fewer than {k} samples a question")
        best = best_of(own, k)
        retrained = np.mean([best_of(recalls(other[SAMPLES]), k) for other in references.retrained], axis=0)
        excess = best - retrained
        low, high, extra = mean_interval(excess, scores[SAMPLES].authors, "identity")
        extra |= {"best": float(best.mean()), "retrained": float(retrained.mean())}
        return Measurement(float(excess.mean()), len(excess), {}, low, high, extra, version=self.version)


@once_a_set
def recalls(rows: SetScores) -> np.ndarray:
    """[n, samples] ROUGE-L recall of each sample, as many a question as the one with the fewest has."""
    fewest = min((len(drawn) for drawn in rows.samples), default=0)
    pairs = zip(rows.gold, rows.samples, strict=True)
    return np.array(
        [[rouge_l_recall(gold, text) for text in drawn[:fewest]] for gold, drawn in pairs], dtype=np.float64
    )


def best_of(values: np.ndarray, k: int) -> np.ndarray:
    """[n] mean of the largest of k of the m values [n, m] of a row, drawn without replacement; k from 1 to m."""
    m = values.shape[1]
    weights, left = np.zeros(m), 1.0
    for place in range(m, k - 1, -1):  # chance that the largest is at this place, from the last down
        weights[place - 1] = left * k / place
        left -= weights[place - 1]
    return np.asarray(np.sort(values, axis=1) @ weights)
