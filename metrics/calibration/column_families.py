"""What the calibration's metrics share: one column for each row statistic."""

from __future__ import annotations

import math
from abc import abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar

from metrics.base import NO_REFERENCES, Measurement, Metric, References
from metrics.calibration.row_statistics import STATISTICS, Pool, pools, why_none

if TYPE_CHECKING:
    from benchmark.evaluation.scores import Scores

INFINITE = "infinitely far: an answer is impossible for the model"


class CalibrationMetric(Metric):
    """A metric of a model against the retrained ones: ``<name>`` by the truth ratio, ``<name>_gold``, ``<name>_paraphrase``."""

    reads = ("answers", "paraphrases", "wrong", "authors")
    sets = ("forget",)
    needs: ClassVar[tuple[str, ...]] = ("retrained",)

    @abstractmethod
    def of_pool(self, pool: Pool) -> Measurement:
        """The measurement by one row statistic."""

    def column(self, statistic: str) -> str:
        """The column of a row statistic; the primary one has the metric's own name."""
        return self.name if statistic == STATISTICS[0] else f"{self.name}_{statistic}"

    def columns(self) -> dict[str, str]:
        return {self.column(statistic): str(self.direction) for statistic in STATISTICS}

    def measure(self, scores: Scores, references: References = NO_REFERENCES) -> dict[str, Measurement]:
        if reason := why_none(scores, references):
            return {column: self.undefined(reason) for column in self.columns()}
        return self.of_pools(pools(scores, references))

    def of_pools(self, by_statistic: dict[str, Pool]) -> dict[str, Measurement]:
        """Column -> measurement, always all of ``columns()``."""
        return {self.column(statistic): self.of_pool(pool) for statistic, pool in by_statistic.items()}

    def made(self, value: float | None, rows: int, undefined: str, **more: Any) -> Measurement:
        """A measurement; one without a value, or an infinite one, says why."""
        if value is not None and math.isinf(value):
            value, undefined = None, INFINITE
        if value is None:
            return Measurement(None, rows, {undefined: 1}, version=self.version)
        return Measurement(value, rows, version=self.version, **more)
