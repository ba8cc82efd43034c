"""Recovery: how much of what unlearning took away an attack brings back, 0 nothing, 1 all of it.

    recovery = (mean z_after - mean z_before) / (mean z_finetuned - mean z_before),

z the mean log-probability of the gold answer on the forget rows, nats a token; fine-tuned without an attack. Read it beside the
retrained models': what "comes back" there is no knowledge of these rows. Undefined where unlearning took less than 0.05 nats.
Interval: forget authors leave one by one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from benchmark.evaluation.scores import check_same_rows
from metrics.base import NO_REFERENCES, Measurement, Metric, References, sides_interval
from metrics.calibration.attacked import KNOWN, attacked_set, labels, matching, why_not
from metrics.calibration.row_statistics import FORGET

if TYPE_CHECKING:
    from benchmark.evaluation.scores import Scores

LEAST = 0.05  # nats a token between the fine-tuned and the unlearned model


class Recovery(Metric):
    name = "recovery"
    version = 1
    direction = "lower"
    range = (-float("inf"), float("inf"))
    unit = "share of what was taken away"
    reads = ("answers", "authors")
    source = "arXiv 2410.16454 (quantisation); (q - u) / (b - u) of the replications on TOFU"
    sets = ("forget",)
    needs = ("finetuned", "attacks")

    def columns(self) -> dict[str, str]:
        return {f"recovery_{label}": str(self.direction) for label in KNOWN}

    def measure(self, scores: Scores, references: References = NO_REFERENCES) -> dict[str, Measurement]:
        return {f"recovery_{label}": self._measure(scores, references.finetuned, label) for label in labels(scores)}

    def _measure(self, scores: Scores, finetuned: Scores | None, label: str) -> Measurement:
        if reason := why_not(scores, NO_REFERENCES, label):
            return self.undefined(reason)
        if finetuned is None:
            return self.undefined("no fine-tuned reference")
        check_same_rows(scores, finetuned)
        attacked = scores[attacked_set(label)]
        same = matching(scores[FORGET], attacked)  # an attack may keep rows for itself
        before, whole = (-model[FORGET].answer_nll()[same] for model in (scores, finetuned))
        after = -attacked.answer_nll()
        defined = np.isfinite(before) & np.isfinite(after) & np.isfinite(whole)
        before, after, whole = before[defined], after[defined], whole[defined]
        if not len(before):
            return self.undefined("no rows")
        if whole.mean() - before.mean() < LEAST:
            return self.undefined("nothing was taken away")

        def share(stay: Mapping[str, np.ndarray]) -> float:
            kept = stay[FORGET]
            return float((after - before)[kept].mean() / (whole - before)[kept].mean())

        authors = attacked.authors[defined]
        low, high, extra = sides_interval(share, {FORGET: authors}, "identity")
        value = share({FORGET: np.ones(len(before), dtype=bool)})
        return Measurement(value, len(before), {}, low, high, extra, version=self.version)
