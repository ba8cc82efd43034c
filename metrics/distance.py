"""Distance from the retrained models, in units of how far one retrained model lies from the others; 1 is like one of them.

By a row statistic of the forget rows: log truth ratio (``distance``), mean log-probability of the gold and of the paraphrased
answer; ``distance_largest`` is the largest of the three. metrics/calibration/distance.py has the formula. Interval: forget
authors leave one by one, the retrained models are held fixed.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from benchmark.common.jackknife import jackknife
from metrics.base import Measurement, interval_fields
from metrics.calibration.column_families import CalibrationMetric
from metrics.calibration.distance import distance
from metrics.calibration.row_statistics import Pool


class DistanceFromRetrained(CalibrationMetric):
    name = "distance"
    version = 1
    direction = "lower"
    range = (0.0, float("inf"))
    unit = "distances between retrained models"
    source = "this project, docs/calibration.md: root mean square deviation from K retrained models, in units of theirs"

    def columns(self) -> dict[str, str]:
        return super().columns() | {"distance_largest": str(self.direction)}

    def of_pools(self, by_statistic: dict[str, Pool]) -> dict[str, Measurement]:
        made = super().of_pools(by_statistic)
        known = [m for m in made.values() if m.value is not None]
        if len(known) < len(made):
            reasons = {reason: 1 for m in made.values() for reason in m.undefined}
            return made | {"distance_largest": Measurement(None, 0, reasons, version=self.version)}
        return made | {"distance_largest": max(known, key=lambda m: m.value or 0.0)}

    def of_pool(self, pool: Pool) -> Measurement:
        whole = distance(pool.candidate, pool.retrained)
        if whole.value is None or np.isinf(whole.value):
            return self.made(whole.value, whole.rows, whole.undefined)

        def without(stay: Mapping[str, np.ndarray]) -> float:
            left = distance(pool.candidate[stay["forget"]], pool.retrained[:, stay["forget"]]).value
            return float("nan") if left is None else left

        low, high, extra = interval_fields(jackknife(without, {"forget": pool.authors}, "log"), pool.authors)
        extra |= {"unit": float(whole.unit or 0.0), "models": float(whole.models)}
        return self.made(whole.value, whole.rows, "", low=low, high=high, extra=extra)
