"""p-value of the hypothesis that the model is one more retrained model; above 0.05 it may be, below it is not.

By a row statistic of the forget rows each (log truth ratio, gold, paraphrase) and, ``p_retrained_all``, by all three: the
smallest p corrected for there being three. metrics/calibration/p_retrained.py has the tests: exact from 19 retrained
models on, t tests from 3. A large p says something only where the test has power: ``verdict`` (in the JSON beside the
number) says "indistinguishable" only if the same test rejects the fine-tuned model and one trained with a tenth of the
forget rows. No interval: it is a p-value.
"""

from __future__ import annotations

from metrics.base import Measurement
from metrics.calibration.column_families import CalibrationMetric
from metrics.calibration.p_retrained import adjusted_p, p_retrained
from metrics.calibration.row_statistics import Pool
from metrics.calibration.verdict import calibrate, together

NO_INTERVAL = "none: a p-value"


class PRetrained(CalibrationMetric):
    name = "p_retrained"
    version = 1
    direction = "higher"
    range = (0.0, 1.0)
    unit = "p-value"
    needs = ("retrained", "finetuned", "doses")
    source = (
        "this project, docs/calibration.md; Westfall and Young 1993 and Holm 1979 for the three statistics together"
    )

    def columns(self) -> dict[str, str]:
        return super().columns() | {"p_retrained_all": str(self.direction)}

    def of_pools(self, by_statistic: dict[str, Pool]) -> dict[str, Measurement]:
        made = super().of_pools(by_statistic)
        adjusted = adjusted_p(
            {name: pool.candidate for name, pool in by_statistic.items()},
            {name: pool.retrained for name, pool in by_statistic.items()},
        )
        known = {name: p for name, p in adjusted.items() if p is not None}
        if not known:
            return made | {"p_retrained_all": Measurement(None, 0, made[self.name].undefined, version=self.version)}
        smallest = min(known, key=lambda name: known[name])
        extra: dict[str, float | str] = {"interval": NO_INTERVAL, "statistic": smallest}
        extra["verdict"] = together({name: str(made[self.column(name)].extra["verdict"]) for name in known}, known)
        return made | {"p_retrained_all": self.made(known[smallest], made[self.column(smallest)].n, "", extra=extra)}

    def of_pool(self, pool: Pool) -> Measurement:
        test = p_retrained(pool.candidate, pool.retrained)
        whole = calibrate(pool.candidate, pool.retrained, pool.authors, pool.finetuned, pool.doses)
        extra: dict[str, float | str] = {"interval": NO_INTERVAL, "verdict": whole.verdict, "test": test.kind}
        extra["models"] = float(test.models)
        return self.made(test.p, test.rows, test.undefined, extra=extra)
