"""Excess verbatim leak@k: verbatim leak@k less the retrained models' mean, row by row.

A model that never saw the forget rows still gives some answers by chance; only what exceeds that has
leaked. 0 is the aim, -1 and 1 the limits. k as in ``verbatim_leak_at_k``. Aggregate: mean over the forget rows that are
defined for all of these models; for the interval, authors leave one by one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from benchmark.evaluation.scores import check_same_rows
from metrics.base import NO_REFERENCES, Measurement, Metric, References, mean, mean_interval
from metrics.verbatim_leak_at_k import OTHERS, K, VerbatimLeakAtK, leak, log_q

if TYPE_CHECKING:
    from benchmark.evaluation.scores import Scores

LEAK = VerbatimLeakAtK()


class ExcessVerbatimLeakAtK(Metric):
    name = "excess_verbatim_leak_at_k"
    version = 2
    direction = "target"
    range = (-1.0, 1.0)
    unit = "probability"
    reads = ("answers", "authors")
    source = "this benchmark; leak@k: arXiv 2511.04934"
    sets = ("forget",)
    needs = ("retrained",)

    def columns(self) -> dict[str, str]:
        return {f"forget_{self.name}": str(self.direction)}

    def measure(self, scores: Scores, references: References = NO_REFERENCES) -> dict[str, Measurement]:
        return {f"forget_{self.name}": self._measure(scores, references)}

    def _measure(self, scores: Scores, references: References) -> Measurement:
        if "forget" not in scores.sets:
            return self.undefined("set not scored")
        if not references.retrained:
            return self.undefined("no retrained reference")
        rows = scores.sets["forget"]
        ours, reasons = LEAK.values("forget", rows)
        known = []
        for reference in references.retrained:
            check_same_rows(scores, reference)
            theirs, more = LEAK.values("forget", reference.sets["forget"])
            reasons |= {f"retrained reference: {reason}": count for reason, count in more.items()}
            known.append(theirs)
        excess = ours - np.mean(known, axis=0)
        value, n = mean(excess)
        if value is None:
            return Measurement(None, 0, reasons or {"no rows": 1}, per_example=excess, version=self.version)
        low, high, extra = mean_interval(excess, rows.authors, "identity")
        defined = ~np.isnan(excess)
        own = log_q(rows)[defined]
        others = [log_q(reference.sets["forget"])[defined] for reference in references.retrained]
        extra |= {"k": float(K)}
        for k in OTHERS:
            at_k = leak(own, k) - np.mean([leak(other, k) for other in others], axis=0)
            extra[f"excess_verbatim_leak_at_{k}"] = float(mean(at_k)[0])
        return Measurement(value, n, reasons, low, high, extra, excess, self.version)
