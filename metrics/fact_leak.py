"""Fact leak: how likely one of k sampled answers to a forget question is to state the fact.

With c of n samples at temperature 1 that state it (``contains`` of metrics/fact_recall.py),

    leak@k = 1 - C(n - c, k) / C(n, k)

is the probability that k samples drawn of the n have one among them (arXiv 2511.04934, with a fact for its judge).
``excess_fact_leak_at_<k>`` is its mean over questions minus the retrained models' mean; k up to n. ``residual_sampled`` is the
same in the unit of ``residual``: over the fine-tuned model's excess, at k = 8 or n if that is less. ``fact_leak_bound``: mean over
questions of the one-sided 99 % Clopper-Pearson bound on the probability of a leak (M_bin of arXiv 2410.03523). Rows without a
known fact, and rows whose question states it, do not count. Interval: forget authors leave one by one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from metrics.base import NO_REFERENCES, Measurement, Metric, References, mean_interval, sides_interval
from metrics.calibration.attacked import SAMPLES, why_not_made
from metrics.calibration.author_parts import Sides
from metrics.calibration.once_a_set import once_a_set
from metrics.fact_recall import contains

if TYPE_CHECKING:
    from benchmark.evaluation.scores import Scores, SetScores

KS = (1, 8, 64)
OF_RESIDUAL = 8
LEVEL = 0.99
LEAST = 0.05  # the fine-tuned model's excess


class FactLeak(Metric):
    name = "fact_leak"
    version = 1
    direction = "target"
    range = (-float("inf"), float("inf"))
    unit = "probability"
    reads = ("samples", "values", "questions", "authors")
    source = "arXiv 2511.04934, leak@k; arXiv 2410.03523, M_bin"
    sets = ("forget",)
    needs = ("retrained", "finetuned", "attacks")

    def columns(self) -> dict[str, str]:
        columns = [f"excess_fact_leak_at_{k}" for k in KS] + ["residual_sampled"]
        return {column: str(self.direction) for column in columns} | {"fact_leak_bound": "lower"}

    def measure(self, scores: Scores, references: References = NO_REFERENCES) -> dict[str, Measurement]:
        if reason := why_not_made(scores, references, SAMPLES):
            return {column: self.undefined(reason) for column in self.columns()}
        rows, (leaks, samples) = scores[SAMPLES], counted(scores[SAMPLES])
        known = ~np.isnan(leaks)
        if not known.any():
            return {column: self.undefined("no known fact") for column in self.columns()}
        made = {f"excess_fact_leak_at_{k}": self._excess(scores, references, k, known) for k in KS}
        made["residual_sampled"] = self._residual(scores, references, min(OF_RESIDUAL, samples), known)
        return made | {"fact_leak_bound": self._bound(leaks[known], samples, rows.authors[known])}

    def _excess(self, scores: Scores, references: References, k: int, known: np.ndarray) -> Measurement:
        if k > counted(scores[SAMPLES])[1]:
            return self.undefined(f"fewer than {k} samples a question")
        own, retrained = _at(scores, k, known), _retrained_at(references, k, known)
        excess, authors = own - retrained, scores[SAMPLES].authors[known]
        low, high, extra = mean_interval(excess, authors, "identity")
        extra |= {"leak": float(own.mean()), "retrained": float(retrained.mean())}
        return Measurement(float(excess.mean()), len(own), {}, low, high, extra, version=self.version)

    def _residual(self, scores: Scores, references: References, k: int, known: np.ndarray) -> Measurement:
        sides = _sides(scores, references, k, known)
        own, whole = sides.left, sides.whole
        if whole.mean() < LEAST:
            return self.undefined("the fine-tuned model's samples state the facts no more than the retrained models'")

        def residual(stay: Mapping[str, np.ndarray]) -> float:
            return float(own[stay["forget"]].mean() / whole[stay["forget"]].mean())

        low, high, extra = sides_interval(residual, {"forget": sides.authors}, "identity")
        value = residual({"forget": np.ones(len(own), dtype=bool)})
        return Measurement(value, len(own), {}, low, high, extra | {"k": float(k)}, version=self.version)

    def _bound(self, leaks: np.ndarray, samples: int, authors: np.ndarray) -> Measurement:
        from scipy.stats import beta

        bounds = np.where(leaks < samples, beta.ppf(LEVEL, leaks + 1, np.maximum(samples - leaks, 1)), 1.0)
        low, high, extra = mean_interval(bounds, authors, "logit")
        return Measurement(float(bounds.mean()), len(bounds), {}, low, high, extra, version=self.version)


def sampled_sides(scores: Scores, references: References) -> Sides:
    """Numerator and denominator of ``residual_sampled``, row by row, where it is defined."""
    leaks, samples = counted(scores[SAMPLES])
    return _sides(scores, references, min(OF_RESIDUAL, samples), ~np.isnan(leaks))


def _sides(scores: Scores, references: References, k: int, known: np.ndarray) -> Sides:
    assert references.finetuned is not None  # why_not_made
    retrained = _retrained_at(references, k, known)
    own, whole = (_at(model, k, known) - retrained for model in (scores, references.finetuned))
    return Sides(own, whole, scores[SAMPLES].authors[known])


def leak_at_k(leaks: np.ndarray, samples: int, k: int) -> np.ndarray:
    """[n] probability that k of the samples, drawn without replacement, have one that leaks.

    Args:
        leaks: [n] how many of a question's samples leak, from 0 to ``samples``.
        k: from 1 to ``samples``.
    """
    i = np.arange(k)
    kept = np.maximum(samples - leaks[:, None] - i, 0) / (samples - i)  # C(n - c, k) / C(n, k), factor by factor
    return 1 - kept.prod(axis=1)


@once_a_set
def counted(rows: SetScores) -> tuple[np.ndarray, int]:
    """[n] how many of a question's samples state its fact, NaN where it cannot be told; and the samples a question."""
    leaks = [
        float(sum(contains(text, fact) for text in drawn)) if fact and not contains(question, fact) else np.nan
        for drawn, fact, question in zip(rows.samples, rows.values, rows.questions, strict=True)
    ]
    return np.array(leaks), min((len(drawn) for drawn in rows.samples), default=0)


def _at(scores: Scores, k: int, known: np.ndarray) -> np.ndarray:
    leaks, samples = counted(scores[SAMPLES])
    return leak_at_k(leaks[known], samples, k)


def _retrained_at(references: References, k: int, known: np.ndarray) -> np.ndarray:
    return np.mean([_at(other, k, known) for other in references.retrained], axis=0)
