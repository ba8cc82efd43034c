"""Excess leak@k: leak@k less the retrained model's own, row by row.

A model that never saw the forget rows still gives some answers by chance; only what exceeds that has
leaked. 0 is the aim, -1 and 1 the limits. k as in ``leak_at_k``. Aggregate: mean over the forget rows that are
defined for both models; the interval resamples authors, the same ones for both.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from benchmark.evaluation.scores import check_same_rows
from metrics.base import Measurement, Metric, mean, mean_interval
from metrics.leak_at_k import OTHERS, K, LeakAtK, leak, log_q

if TYPE_CHECKING:
    from benchmark.evaluation.scores import Scores

LEAK = LeakAtK()


class ExcessLeakAtK(Metric):
    name = "excess_leak_at_k"
    version = 1
    direction = "target"
    range = (-1.0, 1.0)
    unit = "probability"
    reads = ("answers", "authors")
    source = "this benchmark; leak@k: arXiv 2511.04934"
    sets = ("forget",)
    needs = ("reference",)

    def columns(self) -> dict[str, str]:
        return {f"forget_{self.name}": str(self.direction)}

    def measure(
        self, scores: Scores, reference: Scores | None = None, *, rng: np.random.Generator
    ) -> dict[str, Measurement]:
        return {f"forget_{self.name}": self._measure(scores, reference, rng)}

    def _measure(self, scores: Scores, reference: Scores | None, rng: np.random.Generator) -> Measurement:
        if "forget" not in scores.sets:
            return self.undefined("set not scored")
        if reference is None:
            return self.undefined("no retrained reference")
        check_same_rows(scores, reference)
        rows, other = scores.sets["forget"], reference.sets["forget"]
        ours, reasons = LEAK.values("forget", rows)
        theirs, more = LEAK.values("forget", other)
        reasons |= {f"retrained reference: {reason}": count for reason, count in more.items()}
        excess = ours - theirs
        value, n = mean(excess)
        if value is None:
            return Measurement(None, 0, reasons or {"no rows": 1}, per_example=excess, version=self.version)
        low, high, extra = mean_interval(excess, rows.authors, rng)
        defined = ~np.isnan(excess)
        own, retrained = log_q(rows)[defined], log_q(other)[defined]
        extra |= {"k": float(K)}
        extra |= {f"excess_leak_at_{k}": float(mean(leak(own, k) - leak(retrained, k))[0]) for k in OTHERS}
        return Measurement(value, n, reasons, low, high, extra, excess, self.version)
