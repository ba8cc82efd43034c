"""PrivLeak: how far the membership attack's success is from the retrained model's, in percent.

100 * ((1 - AUC) - (1 - AUC_retrained)) / (1 - AUC_retrained), the attack being min-k % (``mia_min_k``), as
in MUSE and OpenUnlearning. 0 is the aim: below, the forget rows still look like members (-100: all of
them); above, they look less like members than rows that no model has seen. AUC_retrained is the mean over the retrained
models; undefined where 1 minus it is below 0.05, since a division by next to nothing makes any number of any model.
Interval: forget and held-out authors leave one by one, for all models together.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from metrics._membership import cannot_attack
from metrics.base import NO_REFERENCES, Measurement, Metric, References, sides_interval
from metrics.mia_min_k import MiaMinK

if TYPE_CHECKING:
    from benchmark.evaluation.scores import Scores

ATTACK = MiaMinK()
LEAST = 0.05  # of 1 - AUC_retrained


class PrivLeak(Metric):
    name = "privleak"
    version = 2
    direction = "target"
    range = (-100.0, 1900.0)  # 100 / LEAST - 100 at most
    unit = "%"
    reads = ("answers", "authors")
    source = "MUSE, Shi et al. 2024, arXiv 2407.06460, section 3: privacy leakage"
    sets = ("forget", "holdout")
    needs = ("holdout", "retrained")

    def measure(self, scores: Scores, references: References = NO_REFERENCES) -> dict[str, Measurement]:
        return {self.name: self._measure(scores, references)}

    def _measure(self, scores: Scores, references: References) -> Measurement:
        if why := cannot_attack(scores, references.retrained, paired=True):
            return self.undefined(why)
        ours, reasons = ATTACK.attack(scores)
        theirs = []
        for reference in references.retrained:
            attack, more = ATTACK.attack(reference)
            theirs.append(attack)
            reasons |= {f"retrained reference: {reason}": count for reason, count in more.items()}
        a, known = ours.auc(), [attack.auc() for attack in theirs]
        if a is None or None in known:
            return Measurement(None, 0, reasons or {"no rows": 1}, version=self.version)
        r = float(np.mean(known))
        if 1 - r < LEAST:
            reasons |= {f"1 - AUC of the retrained model is below {LEAST}": 1}
            return Measurement(None, 0, reasons, version=self.version)

        def without(stay: Mapping[str, np.ndarray]) -> float:
            return privleak(ours.auc_of(stay), float(np.mean([attack.auc_of(stay) for attack in theirs])))

        sides = {name: scores.sets[name].authors for name in self.sets}
        low, high, notes = sides_interval(without, sides, "identity")
        extra: dict[str, float | str] = {"attack": ATTACK.name, "auc": a, "auc_retrained": r, **notes}
        return Measurement(privleak(a, r), sum(ours.sizes()), reasons, low, high, extra, version=self.version)


def privleak(auc: float, retrained: float) -> float:
    """In percent; NaN where the retrained model's AUC is 1."""
    return 100 * ((1 - auc) - (1 - retrained)) / (1 - retrained) if retrained < 1 else float("nan")
