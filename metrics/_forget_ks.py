"""The Kolmogorov-Smirnov test on the forget rows' truth ratios: all that forget quality and D share."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import numpy as np

from benchmark.common.kolmogorov_smirnov import KS_DRAWS, bootstrap_ks, ks_two_sample
from benchmark.common.statistics import widened_interval
from benchmark.evaluation.scores import check_same_rows
from metrics.base import Measurement, Metric, SetMetric, interval_fields
from metrics.truth_ratio import TruthRatio

if TYPE_CHECKING:
    from benchmark.evaluation.scores import Scores, SetScores


class ForgetKS(Metric):
    """Compares log R of the model with log R of the retrained reference on the forget rows.

    The test needs only ranks, and log keeps them: D and p are those of R itself, without its overflow. Rows
    undefined for one model leave that model's sample. The interval resamples authors, the same ones for
    both models, and is widened to take in the value, since resampled D leans upwards.
    """

    reads = ("paraphrases", "wrong", "authors")
    sets = ("forget",)
    needs = ("reference",)
    read_off: ClassVar[str]  # the field of the test that is the metric's value
    truth_ratio: ClassVar[SetMetric] = TruthRatio()  # replicas compare another form of it

    def compared(self, values: np.ndarray) -> np.ndarray:
        """[n] what the test compares, from the truth ratio's stored values."""
        return values

    def chosen(self, rows: SetScores) -> np.ndarray:
        """[n] bool: the rows that the test is about."""
        return np.ones(len(rows), dtype=bool)

    def measure(
        self, scores: Scores, reference: Scores | None = None, *, rng: np.random.Generator
    ) -> dict[str, Measurement]:
        return {self.name: self._measure(scores, reference, rng)}

    def _measure(self, scores: Scores, reference: Scores | None, rng: np.random.Generator) -> Measurement:
        if "forget" not in scores.sets:
            return self.undefined("set not scored")
        if reference is None:
            return self.undefined("no retrained reference")
        check_same_rows(scores, reference)
        chosen = self.chosen(scores.sets["forget"])
        rows = scores.sets["forget"].take(chosen)
        ours, reasons = self.truth_ratio.values("forget", rows)
        theirs, more = self.truth_ratio.values("forget", reference.sets["forget"].take(chosen))
        ours, theirs = self.compared(ours), self.compared(theirs)
        reasons |= {f"retrained reference: {reason}": count for reason, count in more.items()}
        a, b = ours[~np.isnan(ours)], theirs[~np.isnan(theirs)]
        if not len(a) or not len(b):
            return Measurement(None, 0, reasons or {"no rows": 1}, version=self.version)

        test = ks_two_sample(a, b)
        value = getattr(test, self.read_off)
        extra: dict[str, float | str] = {"ks_statistic": test.statistic, "log10_p": test.log10_p}
        extra |= {"n": float(test.n), "n_reference": float(test.m)}
        low = high = None
        if min(test.n, test.m) < 2:
            extra["interval"] = "none: fewer than two rows"
        else:
            draws = bootstrap_ks(ours, theirs, rows.authors, KS_DRAWS, rng, pvalues=self.read_off != "statistic")
            limits = widened_interval(getattr(draws, self.read_off), value)
            low, high, notes = interval_fields(limits, rows.authors)
            extra |= notes
            if draws.log10_p is not None and (limits := widened_interval(draws.log10_p, test.log10_p)):
                extra |= {"log10_p_low": limits[0], "log10_p_high": limits[1]}
        return Measurement(value, test.n, reasons, low, high, extra, version=self.version)
