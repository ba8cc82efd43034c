"""Overall: harmonic mean of the three aggregates ``memorization``, ``privacy`` and ``utility``.

0 if any is 0, undefined if any is undefined. Interval: authors of all sets leave one by one, forget authors for
memorization and privacy together. Since ``memorization`` rewards knowing less than a retrained model, so does this.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from benchmark.common.statistics import harmonic_mean
from metrics.base import NO_REFERENCES, Measurement, Metric, References, sides_interval
from metrics.memorization import Memorization, parts_of, rest_of
from metrics.model_utility import utility_of
from metrics.privacy import Privacy, privacy_of
from metrics.utility import Utility

if TYPE_CHECKING:
    from benchmark.evaluation.scores import Scores

MEMORIZATION, PRIVACY, UTILITY = Memorization(), Privacy(), Utility()


class Overall(Metric):
    name = "overall"
    version = 2
    direction = "higher"
    range = (0.0, 1.0)
    unit = "1"
    reads = ("answers", "paraphrases", "wrong", "generated", "gold", "authors")
    source = "OpenUnlearning, arXiv 2506.12618, comparing methods: mean of Mem, Priv and Utility"
    sets = ("forget", "holdout", *UTILITY.sets)
    needs = ("holdout", "retrained", "finetuned")

    def measure(self, scores: Scores, references: References = NO_REFERENCES) -> dict[str, Measurement]:
        return {self.name: self._measure(scores, references)}

    def _measure(self, scores: Scores, references: References) -> Measurement:
        by_set, aggregates, no_utility = UTILITY.collect(scores)
        memorization, _, no_memorization = MEMORIZATION.combine(scores)
        privacy, _, no_privacy = PRIVACY.combine(scores, references)
        missing = {"memorization": no_memorization, "privacy": no_privacy, "utility": no_utility}
        reasons = {f"{part}: {reason}": 1 for part, why in missing.items() for reason in why}
        if reasons:
            return Measurement(None, 0, reasons, version=self.version)
        utility = float(harmonic_mean(np.array(list(aggregates.values()))))
        parts = {"memorization": memorization, "privacy": privacy, "utility": utility}
        value = float(harmonic_mean(np.array(list(parts.values()))))
        columns, sides = parts_of(scores), PRIVACY.sides(scores, references)

        def without(stay: Mapping[str, np.ndarray]) -> float:
            own = [rest_of(columns[stay["forget"]]), privacy_of(sides, stay), utility_of(by_set, stay)]
            return float(harmonic_mean(np.array(own)))

        authors = {name: scores.sets[name].authors for name in ("forget", "holdout")}
        authors |= {name: own for name, (_, own) in by_set.items()}
        low, high, notes = sides_interval(without, authors, "logit")
        n = sum(len(scores.sets[name]) for name in self.sets)
        return Measurement(value, n, {}, low, high, {**parts, **notes}, version=self.version)
