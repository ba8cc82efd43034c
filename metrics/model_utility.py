"""Model utility: what the model still knows outside the forget set.

Harmonic mean of the nine aggregates {retain, real authors, world facts} x {probability, ROUGE, truth
ratio}: 0 if any is 0, undefined if any is undefined. Interval: the authors of each set leave one by one, for its three
metrics together. A harmonic mean hides damage to a part that was low before: read it beside ``utility_kept``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from benchmark.common.statistics import harmonic_mean
from metrics._evaluate import Inputs, standalone
from metrics.base import NO_REFERENCES, Measurement, Metric, References, SetMetric, mean, sides_interval
from metrics.probability import Probability
from metrics.rouge import Rouge
from metrics.truth_ratio import TruthRatio

if TYPE_CHECKING:
    from benchmark.evaluation.scores import Scores


BySet = dict[str, tuple[np.ndarray, np.ndarray]]


class ModelUtility(Metric):
    name = "model_utility"
    version = 1
    direction = "higher"
    range = (0.0, 1.0)
    unit = "1"
    reads = ("answers", "paraphrases", "wrong", "generated", "gold", "authors")
    source = "TOFU, arXiv 2401.06121, evaluation metrics: model utility"
    sets = ("retain", "real_authors", "world_facts")
    parts: ClassVar[tuple[SetMetric, ...]] = (Probability(), Rouge(), TruthRatio())

    def measure(self, scores: Scores, references: References = NO_REFERENCES) -> dict[str, Measurement]:
        by_set, aggregates, missing = self.collect(scores)
        n = sum(len(values) for values, _ in by_set.values())
        if missing:
            return {self.name: Measurement(None, n, missing, version=self.version)}
        value = float(harmonic_mean(np.array(list(aggregates.values()))))
        authors = {name: own for name, (_, own) in by_set.items()}
        low, high, notes = sides_interval(lambda stay: utility_of(by_set, stay), authors, "logit")
        return {self.name: Measurement(value, n, {}, low, high, {**aggregates, **notes}, version=self.version)}

    def collect(self, scores: Scores) -> tuple[BySet, dict[str, float | None], dict[str, int]]:
        """Per set what is averaged [n, 3] and its authors [n]; the aggregates; reason -> 1 for what is missing."""
        by_set: BySet = {}
        aggregates, missing = {}, {}
        for set_name in self.sets:
            if set_name not in scores.sets:
                missing[f"{set_name} not scored"] = 1
                continue
            rows = scores.sets[set_name]
            values = np.column_stack([p.transform(set_name, p.values(set_name, rows)[0]) for p in self.parts])
            for part, column in zip(self.parts, values.T, strict=True):
                aggregates[f"{set_name}_{part.name}"], _ = mean(column)
            counted = ~np.isnan(values).all(axis=1)
            by_set[set_name] = values[counted], np.asarray(rows.authors)[counted]
        missing |= {f"{name} is undefined": 1 for name, value in aggregates.items() if value is None}
        return by_set, aggregates, missing


def utility_of(by_set: BySet, stay: Mapping[str, np.ndarray]) -> float:
    """The harmonic mean of the rows that stay, NaN where one of the nine has none."""
    means = []
    for name, (values, _) in by_set.items():
        kept = values[stay[name]]
        counts = np.sum(~np.isnan(kept), axis=0)
        with np.errstate(invalid="ignore", divide="ignore"):
            means.append(np.nansum(kept, axis=0) / counts)
    return float(harmonic_mean(np.concatenate(means)))


def compute(predictions: list[float | None]) -> dict[str, Any]:
    """Harmonic mean of the nine aggregates; None where one of them is.

    Raises:
        ValueError: there are not nine.
    """
    if len(predictions) != 9:
        raise ValueError(f"predictions has {len(predictions)} numbers; give the nine aggregates")
    values = np.array(predictions, dtype=np.float64)
    return {"model_utility": None if np.isnan(values).any() else float(harmonic_mean(values))}


INPUTS = Inputs(
    {"predictions": "float64"},
    (),
    """
Args:
    predictions: the nine aggregates in [0, 1], no unit, in any order: probability, ROUGE and truth ratio of
        retain, real authors and world facts (each the mean that the metric of that name gives for its set).

Returns:
    model_utility: their harmonic mean, None if one is None.
""",
)
Card = standalone(ModelUtility, INPUTS, compute)
