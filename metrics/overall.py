"""Overall: harmonic mean of the three aggregates ``memorization``, ``privacy`` and ``utility``.

0 if any is 0, undefined if any is undefined. Interval: authors are resampled, the forget authors once a
draw for memorization and privacy together.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from benchmark.common.statistics import harmonic_mean
from metrics._resample import limits_of, resamples
from metrics.base import Measurement, Metric
from metrics.memorization import Memorization
from metrics.model_utility import utility_draws
from metrics.privacy import Privacy
from metrics.utility import Utility

if TYPE_CHECKING:
    from benchmark.evaluation.scores import Scores

MEMORIZATION, PRIVACY, UTILITY = Memorization(), Privacy(), Utility()


class Overall(Metric):
    name = "overall"
    version = 1
    direction = "higher"
    range = (0.0, 1.0)
    unit = "1"
    reads = ("answers", "paraphrases", "wrong", "generated", "gold", "authors")
    source = "OpenUnlearning, arXiv 2506.12618, comparing methods: mean of Mem, Priv and Utility"
    sets = ("forget", "holdout", *UTILITY.sets)
    needs = ("holdout", "reference")

    def measure(
        self, scores: Scores, reference: Scores | None = None, *, rng: np.random.Generator
    ) -> dict[str, Measurement]:
        return {self.name: self._measure(scores, reference, rng)}

    def _measure(self, scores: Scores, reference: Scores | None, rng: np.random.Generator) -> Measurement:
        by_set, aggregates, no_utility = UTILITY.collect(scores)
        memorization, _, no_memorization = MEMORIZATION.combine(scores)
        privacy, _, no_privacy = PRIVACY.combine(scores, reference)
        missing = {"memorization": no_memorization, "privacy": no_privacy, "utility": no_utility}
        reasons = {f"{part}: {reason}": 1 for part, why in missing.items() for reason in why}
        if reasons:
            return Measurement(None, 0, reasons, version=self.version)
        utility = float(harmonic_mean(np.array(list(aggregates.values()))))
        parts = {"memorization": memorization, "privacy": privacy, "utility": utility}
        value = float(harmonic_mean(np.array(list(parts.values()))))
        n = sum(len(scores.sets[name]) for name in self.sets)
        low = high = None
        notes: dict[str, float | str] = {"interval": "none: fewer than two rows in a set"}
        if min(len(scores.sets[name]) for name in self.sets) > 1:
            samples = resamples(scores, ("forget", "holdout"), rng)
            columns = [
                MEMORIZATION.draws(scores, samples["forget"]),
                PRIVACY.draws(scores, reference, samples),
                utility_draws(by_set, rng),
            ]
            low, high, notes = limits_of(harmonic_mean(np.column_stack(columns), axis=1), samples)
        return Measurement(value, n, {}, low, high, {**parts, **notes}, version=self.version)
