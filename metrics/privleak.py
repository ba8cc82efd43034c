"""PrivLeak: how far the membership attack's success is from the retrained model's, in percent.

100 * ((1 - AUC) - (1 - AUC_retrained)) / (1 - AUC_retrained), the attack being min-k % (``mia_min_k``), as
in MUSE and OpenUnlearning. 0 is the aim: below, the forget rows still look like members (-100: all of
them); above, they look less like members than rows that no model has seen. Undefined where the retrained
model's AUC is 1. Interval: authors are resampled, the same ones for both models.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from metrics._membership import cannot_attack
from metrics._resample import limits_of, resamples
from metrics.base import Measurement, Metric
from metrics.mia_min_k import MiaMinK

if TYPE_CHECKING:
    from benchmark.evaluation.scores import Scores

ATTACK = MiaMinK()


class PrivLeak(Metric):
    name = "privleak"
    version = 1
    direction = "target"
    # 100 * (2nm - 1) at most, with n and m rows; no infinity, since boards are written as JSON.
    range = (-100.0, 1e9)
    unit = "%"
    reads = ("answers", "authors")
    source = "MUSE, Shi et al. 2024, arXiv 2407.06460, section 3: privacy leakage"
    sets = ("forget", "holdout")
    needs = ("holdout", "reference")

    def measure(
        self, scores: Scores, reference: Scores | None = None, *, rng: np.random.Generator
    ) -> dict[str, Measurement]:
        return {self.name: self._measure(scores, reference, rng)}

    def _measure(self, scores: Scores, reference: Scores | None, rng: np.random.Generator) -> Measurement:
        if why := cannot_attack(scores, reference, paired=True):
            return self.undefined(why)
        ours, reasons = ATTACK.attack(scores)
        theirs, more = ATTACK.attack(reference)
        reasons |= {f"retrained reference: {reason}": count for reason, count in more.items()}
        a, r = ours.auc(), theirs.auc()
        if a is None or r is None:
            return Measurement(None, 0, reasons or {"no rows": 1}, version=self.version)
        if r == 1:
            reasons |= {"the retrained model's AUC is 1": 1}
            return Measurement(None, 0, reasons, version=self.version)
        low = high = None
        notes: dict[str, float | str] = {"interval": "none: fewer than two rows on a side"}
        if min(*ours.sizes(), *theirs.sizes()) > 1:
            samples = resamples(scores, self.sets, rng)
            draws = privleak(ours.auc_draws(samples), theirs.auc_draws(samples))
            low, high, notes = limits_of(draws, samples)
        extra: dict[str, float | str] = {"attack": ATTACK.name, "auc": a, "auc_retrained": r, **notes}
        value = float(privleak(np.array(a), np.array(r)))
        return Measurement(value, sum(ours.sizes()), reasons, low, high, extra, version=self.version)


def privleak(auc: np.ndarray, retrained: np.ndarray) -> np.ndarray:
    """In percent; NaN where the retrained model's AUC is 1."""
    rest = np.where(retrained < 1, 1 - retrained, np.nan)
    return 100 * ((1 - auc) - (1 - retrained)) / rest
