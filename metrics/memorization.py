"""Memorization aggregate: how little of the forget rows the model still has by heart.

Harmonic mean of 1 - extraction strength, 1 - exact memorization, 1 - paraphrase probability and 1 - truth
probability, each the mean over the forget rows: 1 nothing is left, 0 if any of the four is complete.
Undefined if any of them is. The name says the opposite of the number, which is OpenUnlearning's. A broken model and one
that knows less than a retrained one score high: the aim is the retrained model's value. Interval: authors leave one by
one, for all four.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from benchmark.common.statistics import harmonic_mean
from metrics.base import NO_REFERENCES, Measurement, Metric, References, mean, sides_interval
from metrics.exact_memorization import ExactMemorization
from metrics.extraction_strength import ExtractionStrength
from metrics.paraphrase_probability import ParaphraseProbability
from metrics.truth_probability import TruthProbability

if TYPE_CHECKING:
    from benchmark.evaluation.scores import Scores

PARTS = (ExtractionStrength(), ExactMemorization(), ParaphraseProbability(), TruthProbability())


class Memorization(Metric):
    name = "memorization"
    version = 2
    direction = "target"
    range = (0.0, 1.0)
    unit = "1"
    reads = ("answers", "paraphrases", "wrong", "authors")
    source = "OpenUnlearning, arXiv 2506.12618, comparing methods: Mem (described, without code)"
    sets = ("forget",)

    def measure(self, scores: Scores, references: References = NO_REFERENCES) -> dict[str, Measurement]:
        return {self.name: self._measure(scores)}

    def _measure(self, scores: Scores) -> Measurement:
        value, parts, missing = self.combine(scores)
        if value is None:
            return Measurement(None, 0, missing, version=self.version)
        authors, columns = scores.sets["forget"].authors, parts_of(scores)
        low, high, notes = sides_interval(lambda stay: rest_of(columns[stay["forget"]]), {"forget": authors}, "logit")
        n = int(np.sum(~np.isnan(columns).all(axis=1)))
        return Measurement(value, n, {}, low, high, {**parts, **notes}, version=self.version)

    def combine(self, scores: Scores) -> tuple[float | None, dict[str, float], dict[str, int]]:
        """The value, the four means and reason -> 1 for what is missing."""
        if "forget" not in scores.sets:
            return None, {}, {"set not scored": 1}
        means = {p.name: mean(c)[0] for p, c in zip(PARTS, parts_of(scores).T, strict=True)}
        if missing := {f"{name} is undefined": 1 for name, value in means.items() if value is None}:
            return None, {}, missing
        return float(harmonic_mean(_rest(np.array(list(means.values()))))), means, {}


def parts_of(scores: Scores) -> np.ndarray:
    """[n, 4] the parts' values of each forget row, NaN where undefined."""
    rows = scores.sets["forget"]
    return np.column_stack([part.values("forget", rows)[0] for part in PARTS])


def rest_of(columns: np.ndarray) -> float:
    """The value of these rows [n, 4]; NaN where a part has none."""
    values = [mean(column)[0] for column in columns.T]
    return float(harmonic_mean(_rest(np.array(values, dtype=np.float64))))


def _rest(means: np.ndarray) -> np.ndarray:
    return np.maximum(1 - means, 0.0)  # a mean of ones may come out a rounding error above 1
