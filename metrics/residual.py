"""Residual: the share of what fine-tuning did to the forget rows that is left; 0 as retrained, 1 as never unlearned.

Below 0 it is over-forgotten. By a row statistic of the forget rows each: log truth ratio (``residual``), gold, paraphrase. metrics/calibration/residual.py has
the formula. Interval: authors and retrained models vary, and the model as much as one more retrained model would.
"""

from __future__ import annotations

from benchmark.common.jackknife import clusters
from metrics.base import Measurement
from metrics.calibration.column_families import CalibrationMetric
from metrics.calibration.residual import residual
from metrics.calibration.row_statistics import Pool


class ResidualKnowledge(CalibrationMetric):
    name = "residual"
    version = 1
    direction = "target"
    range = (-float("inf"), float("inf"))
    unit = "share of fine-tuning's effect"
    needs = ("retrained", "finetuned")
    source = "this project, docs/calibration.md"

    def of_pool(self, pool: Pool) -> Measurement:
        if pool.finetuned is None:
            return self.undefined("no fine-tuned reference")
        own = residual(pool.candidate, pool.retrained, pool.finetuned, pool.authors, pool.before)
        extra: dict[str, float | str] = {"interval": own.interval or "authors and retrained models"}
        if own.low is not None and own.se_authors is not None and own.se_models is not None:
            units = clusters(pool.authors)[1]
            extra |= {"se_authors": own.se_authors, "se_models": own.se_models}
            extra |= {"units": float(units), "models": float(own.models), "scale": "identity"}
            parts = (own.se_authors**2, units - 1), (own.se_models**2, own.models - 1)
            total = sum(variance for variance, _ in parts)  # for rows of several seeds; one seed has limits of its own
            extra |= {"standard_error": total**0.5, "degrees": total**2 / sum(v**2 / f for v, f in parts)}
        return self.made(own.value, own.rows, own.undefined, low=own.low, high=own.high, extra=extra)
