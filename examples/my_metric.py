"""Length ratio: words of the model's greedy answer for each word of the gold answer.

Near 1 for a model that answers as it was taught, near 0 for one that has fallen silent, and large for one that rambles
until it is cut off. Per row; aggregate: mean over the rows of a set.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from metrics.base import SetMetric

if TYPE_CHECKING:
    from benchmark.evaluation.scores import SetScores


class LengthRatio(SetMetric):
    name = "my_metric"  # the file's name
    version = 1  # raised whenever the formula changes
    direction = "target"  # best where the retrained model's value is
    range = (0.0, float("inf"))
    unit = "words per word"
    reads = ("generated", "gold")  # fields of SetScores
    source = "an example"
    sets = ("forget", "retain")  # columns: forget_my_metric, retain_my_metric

    def per_example(self, set_name: str, rows: SetScores) -> np.ndarray:
        pairs = zip(rows.generated, rows.gold, strict=True)
        return np.array([len(answer.split()) / max(1, len(gold.split())) for answer, gold in pairs], dtype=np.float64)

    def problems(self, set_name: str, rows: SetScores) -> dict[str, np.ndarray]:
        return {"gold answer without words": np.array([not gold.split() for gold in rows.gold], dtype=bool)}
