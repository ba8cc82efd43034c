"""Dose: the share of the forget rows whose trained-in model has the same residual, a unit that anybody understands.

Read off the residuals of the board's own dose models, trained on the retained rows and a share of the forget rows
(metrics/calibration/dose.py); by log truth ratio (``dose``), gold and paraphrase. Undefined where the model is forgotten beyond a
retrained one ("over"). Limits: those of the residual, read off the same curve.
"""

from __future__ import annotations

from metrics.base import Measurement
from metrics.calibration.column_families import CalibrationMetric
from metrics.calibration.dose import OVER
from metrics.calibration.row_statistics import Pool
from metrics.calibration.verdict import calibrate


class DoseOfForgetRows(CalibrationMetric):
    name = "dose"
    version = 1
    direction = "lower"
    range = (0.0, 1.0)
    unit = "share of the forget rows"
    needs = ("retrained", "finetuned", "doses")
    source = "this project, docs/calibration.md"

    def of_pool(self, pool: Pool) -> Measurement:
        own = calibrate(pool.candidate, pool.retrained, pool.authors, pool.finetuned, pool.doses)
        if own.dose.share is None:
            reason = "over: forgotten beyond a retrained model" if own.dose.label == OVER else own.dose.label
            return self.made(None, own.residual.rows, reason)
        kind = own.residual.interval or "authors and retrained models"
        limits = {"low": own.dose.low, "high": own.dose.high}
        return self.made(own.dose.share, own.residual.rows, "", extra={"interval": kind}, **limits)
