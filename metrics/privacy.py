"""Privacy aggregate: how near membership attacks come to what they achieve against retrained models.

Harmonic mean over the attacks loss, zlib, min-k and min-k++ of s = 1 - |AUC - AUC_retrained| / |AUC_finetuned -
AUC_retrained|, cut to [0, 1]: 1 the attack does as on a retrained model, 0 as far from it as on the fine-tuned one, or
further, on either side. AUC_retrained is the mean over the retrained models. Undefined where an attack hardly tells the
fine-tuned model from the retrained ones, since its scale is then noise. OpenUnlearning describes this aggregate without
code. Interval: forget and held-out authors leave one by one, for all attacks and models together.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from benchmark.common.statistics import harmonic_mean
from metrics._membership import Attack, auc_interval, cannot_attack
from metrics.base import NO_REFERENCES, Measurement, Metric, References
from metrics.mia_loss import MiaLoss
from metrics.mia_min_k import MiaMinK
from metrics.mia_min_k_plus_plus import MiaMinKPlusPlus
from metrics.mia_zlib import MiaZlib

if TYPE_CHECKING:
    from benchmark.evaluation.scores import Scores

ATTACKS = (MiaLoss(), MiaZlib(), MiaMinK(), MiaMinKPlusPlus())
LEAST = 0.05  # of |AUC_finetuned - AUC_retrained|

Sides = tuple[Attack, list[Attack], Attack]  # of the model, the retrained ones and the fine-tuned one


class Privacy(Metric):
    name = "privacy"
    version = 2
    direction = "higher"
    range = (0.0, 1.0)
    unit = "1"
    reads = ("answers", "gold", "authors")
    source = "OpenUnlearning, arXiv 2506.12618, comparing methods: Priv (described, without code)"
    sets = ("forget", "holdout")
    needs = ("holdout", "retrained", "finetuned")

    def measure(self, scores: Scores, references: References = NO_REFERENCES) -> dict[str, Measurement]:
        return {self.name: self._measure(scores, references)}

    def _measure(self, scores: Scores, references: References) -> Measurement:
        value, parts, missing = self.combine(scores, references)
        if value is None:
            return Measurement(None, 0, missing, version=self.version)
        sides = self.sides(scores, references)
        low, high, notes = auc_interval(lambda stay: privacy_of(sides, stay), scores)
        n = sum(len(scores.sets[name]) for name in self.sets)
        return Measurement(value, n, {}, low, high, {**parts, **notes}, version=self.version)

    def combine(self, scores: Scores, references: References) -> tuple[float | None, dict[str, float], dict[str, int]]:
        """The value, s of each attack, and reason -> 1 for what is missing."""
        if why := cannot_attack(scores, references.retrained, paired=True):
            return None, {}, {why: 1}
        if references.finetuned is None or "holdout" not in references.finetuned.sets:
            return None, {}, {"no fine-tuned reference": 1}
        parts, missing = {}, {}
        for attack, sides in self.sides(scores, references).items():
            a, r, f = aucs(sides, {})
            if np.isnan([a, r, f]).any():
                missing[f"{attack} is undefined"] = 1
            elif abs(f - r) < LEAST:
                missing[f"{attack} does not tell the fine-tuned model from the retrained ones"] = 1
            else:
                parts[attack] = nearness(a, r, f)
        if missing:
            return None, {}, missing
        return float(harmonic_mean(np.array(list(parts.values())))), parts, {}

    def sides(self, scores: Scores, references: References) -> dict[str, Sides]:
        """Attack -> its losses of the three kinds of model."""
        every = [scores, *references.retrained, references.finetuned]
        made = {attack.name: [attack.attack(model)[0] for model in every] for attack in ATTACKS}
        return {name: (first, middle, last) for name, (first, *middle, last) in made.items()}


def aucs(sides: Sides, stay: Mapping[str, np.ndarray]) -> tuple[float, float, float]:
    """AUC of the model, mean of the retrained models, and of the fine-tuned one; NaN where undefined."""
    model, retrained, finetuned = sides
    stay = stay or {"forget": np.ones(len(model.forget), bool), "holdout": np.ones(len(model.holdout), bool)}
    return model.auc_of(stay), float(np.mean([r.auc_of(stay) for r in retrained])), finetuned.auc_of(stay)


def privacy_of(sides: Mapping[str, Sides], stay: Mapping[str, np.ndarray]) -> float:
    """The aggregate of the rows that stay."""
    return float(harmonic_mean(np.array([nearness(*aucs(own, stay)) for own in sides.values()])))


def nearness(auc: float, retrained: float, finetuned: float) -> float:
    """s in [0, 1]: 1 where the model's AUC is the retrained models', NaN where there is no scale."""
    scale = abs(finetuned - retrained)
    return max(0.0, 1 - abs(auc - retrained) / scale) if scale > 0 else float("nan")
