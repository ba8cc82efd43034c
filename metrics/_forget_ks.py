"""The Kolmogorov-Smirnov test on the forget rows' truth ratios: all that forget quality and D share."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import numpy as np

from benchmark.common.kolmogorov_smirnov import ks_two_sample
from benchmark.evaluation.scores import check_same_rows
from metrics.base import NO_REFERENCES, Measurement, Metric, References, SetMetric
from metrics.truth_ratio import TruthRatio

if TYPE_CHECKING:
    from benchmark.evaluation.scores import Scores, SetScores

NO_INTERVAL = "none: a test's p-value and its D have no interval of resamples"


class ForgetKS(Metric):
    """Compares log R of the model with log R of the first retrained model on the forget rows.

    The test needs only ranks, and log keeps them: D and p are those of R itself, without its overflow. Rows
    undefined for one model leave that model's sample. There is no interval: resampled D leans upwards, and limits
    made of such draws never hold a true D of 0, and one of 0.1 in a fifth of all cases with 4 authors
    (benchmark/simulations/coverage.py).
    """

    reads = ("paraphrases", "wrong", "authors")
    sets = ("forget",)
    needs = ("retrained",)
    read_off: ClassVar[str]  # the field of the test that is the metric's value
    truth_ratio: ClassVar[SetMetric] = TruthRatio()  # replicas compare another form of it

    def compared(self, values: np.ndarray) -> np.ndarray:
        """[n] what the test compares, from the truth ratio's stored values."""
        return values

    def chosen(self, rows: SetScores) -> np.ndarray:
        """[n] bool: the rows that the test is about."""
        return np.ones(len(rows), dtype=bool)

    def measure(self, scores: Scores, references: References = NO_REFERENCES) -> dict[str, Measurement]:
        return {self.name: self._measure(scores, references)}

    def _measure(self, scores: Scores, references: References) -> Measurement:
        if "forget" not in scores.sets:
            return self.undefined("set not scored")
        if not references.retrained:
            return self.undefined("no retrained reference")
        reference = references.retrained[0]
        check_same_rows(scores, reference)
        chosen = self.chosen(scores.sets["forget"])
        ours, reasons = self.truth_ratio.values("forget", scores.sets["forget"].take(chosen))
        theirs, more = self.truth_ratio.values("forget", reference.sets["forget"].take(chosen))
        ours, theirs = self.compared(ours), self.compared(theirs)
        reasons |= {f"retrained reference: {reason}": count for reason, count in more.items()}
        a, b = ours[~np.isnan(ours)], theirs[~np.isnan(theirs)]
        if not len(a) or not len(b):
            return Measurement(None, 0, reasons or {"no rows": 1}, version=self.version)
        test = ks_two_sample(a, b)
        extra: dict[str, float | str] = {"ks_statistic": test.statistic, "log10_p": test.log10_p}
        extra |= {"n": float(test.n), "n_reference": float(test.m), "interval": NO_INTERVAL}
        return Measurement(getattr(test, self.read_off), test.n, reasons, extra=extra, version=self.version)
