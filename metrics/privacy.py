"""Privacy aggregate: how near membership attacks come to what they achieve against the retrained model.

Harmonic mean over the attacks loss, zlib, min-k and min-k++ of s = 1 - |AUC - AUC_retrained| /
max(AUC_retrained, 1 - AUC_retrained): 1 the attack does as on the retrained model, 0 as far from it as an
AUC can be. Undefined if any attack is. OpenUnlearning describes this aggregate without code; its scale may
differ (some reimplementations divide by the fine-tuned model's distance, which a pair of stored scores does
not hold). Interval: authors are resampled, the same ones for all attacks and both models.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from benchmark.common.statistics import harmonic_mean
from metrics._membership import cannot_attack
from metrics._resample import Resample, limits_of, resamples
from metrics.base import Measurement, Metric
from metrics.mia_loss import MiaLoss
from metrics.mia_min_k import MiaMinK
from metrics.mia_min_k_plus_plus import MiaMinKPlusPlus
from metrics.mia_zlib import MiaZlib

if TYPE_CHECKING:
    from benchmark.evaluation.scores import Scores

ATTACKS = (MiaLoss(), MiaZlib(), MiaMinK(), MiaMinKPlusPlus())


class Privacy(Metric):
    name = "privacy"
    version = 1
    direction = "higher"
    range = (0.0, 1.0)
    unit = "1"
    reads = ("answers", "gold", "authors")
    source = "OpenUnlearning, arXiv 2506.12618, comparing methods: Priv (described, without code)"
    sets = ("forget", "holdout")
    needs = ("holdout", "reference")

    def measure(
        self, scores: Scores, reference: Scores | None = None, *, rng: np.random.Generator
    ) -> dict[str, Measurement]:
        return {self.name: self._measure(scores, reference, rng)}

    def _measure(self, scores: Scores, reference: Scores | None, rng: np.random.Generator) -> Measurement:
        value, parts, missing = self.combine(scores, reference)
        if value is None:
            return Measurement(None, 0, missing, version=self.version)
        n = sum(len(scores.sets[name]) for name in self.sets)
        low = high = None
        notes: dict[str, float | str] = {"interval": "none: fewer than two rows on a side"}
        if min(len(scores.sets[name]) for name in self.sets) > 1:
            samples = resamples(scores, self.sets, rng)
            low, high, notes = limits_of(self.draws(scores, reference, samples), samples)
        return Measurement(value, n, {}, low, high, {**parts, **notes}, version=self.version)

    def combine(
        self, scores: Scores, reference: Scores | None
    ) -> tuple[float | None, dict[str, float], dict[str, int]]:
        """The value, s of each attack, and reason -> 1 for what is missing."""
        if why := cannot_attack(scores, reference, paired=True):
            return None, {}, {why: 1}
        parts, missing = {}, {}
        for attack in ATTACKS:
            aucs = attack.attack(scores)[0].auc(), attack.attack(reference)[0].auc()
            if None in aucs:
                missing[f"{attack.name} is undefined"] = 1
            else:
                parts[attack.name] = float(nearness(*map(np.array, aucs)))
        if missing:
            return None, {}, missing
        return float(harmonic_mean(np.array(list(parts.values())))), parts, {}

    def draws(self, scores: Scores, reference: Scores, samples: dict[str, Resample]) -> np.ndarray:
        """[draws] the value over resampled forget and held-out authors."""
        columns = [
            nearness(a.attack(scores)[0].auc_draws(samples), a.attack(reference)[0].auc_draws(samples)) for a in ATTACKS
        ]
        return harmonic_mean(np.column_stack(columns), axis=1)


def nearness(auc: np.ndarray, retrained: np.ndarray) -> np.ndarray:
    """In [0, 1]: 1 where both are equal."""
    return np.maximum(1 - np.abs(auc - retrained) / np.maximum(retrained, 1 - retrained), 0.0)
