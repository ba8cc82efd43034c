"""Dose: the share of the forget rows whose trained-in model has the same residual.

A board's dose models are trained on the retained rows and a share of the forget rows. Their residuals, with 0 at share 0
(retrained) and 1 at share 1 (fine-tuned), are made non-decreasing by isotonic regression (pool adjacent violators; the mean
of several models of one share counts once a model), cut to [0, 1], and joined by straight lines; a residual is read off
against the shares. Where the curve is level, the middle of the level part is read.

What varies: nothing here; the curve is taken as known. The limits are those of the residual, read off the same curve.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from metrics.calibration.residual import Residual

OVER = "over"


@dataclass(frozen=True)
class Dose:
    """A residual as a share of forget rows."""

    share: float | None  # in [0, 1]; None where ``label`` says why
    low: float | None = None
    high: float | None = None
    label: str = ""  # "over": forgotten beyond a retrained model; else why there is no share


@dataclass(frozen=True)
class DoseCurve:
    """Residual by share of the forget rows, both rising from 0 to 1."""

    shares: tuple[float, ...]
    residuals: tuple[float, ...]

    @classmethod
    def fit(cls, residuals: Mapping[float, Sequence[float]]) -> DoseCurve:
        """The curve through the residuals of dose models: share -> those of its models.

        Raises:
            ValueError: no dose model, a share outside (0, 1), or a residual that is not finite.
        """
        from scipy.optimize import isotonic_regression

        shares = sorted(residuals)
        if not shares or shares[0] <= 0 or shares[-1] >= 1 or not all(len(residuals[s]) for s in shares):
            raise ValueError(f"dose models of shares between 0 and 1 are needed, each with a residual, not {shares}")
        means = np.array([np.mean(residuals[s]) for s in shares])
        if not np.isfinite(means).all():
            raise ValueError("residuals of dose models must be finite: leave out the undefined ones")
        fitted = isotonic_regression(means, weights=[len(residuals[s]) for s in shares]).x
        return cls((0.0, *shares, 1.0), (0.0, *np.clip(fitted, 0.0, 1.0).tolist(), 1.0))

    def share(self, residual: float) -> float:
        """The share of that residual; 0 at or below 0, 1 at or above 1."""
        if residual <= 0 or residual >= 1:
            return float(residual >= 1)
        x, y = np.array(self.shares), np.array(self.residuals)
        ends = []
        for side in ("left", "right"):  # of a level part
            after = int(np.searchsorted(y, residual, side=side))
            step = (residual - y[after - 1]) / (y[after] - y[after - 1])
            ends.append(x[after - 1] + step * (x[after] - x[after - 1]))
        return float(np.mean(ends))


def dose(residual: Residual, curve: DoseCurve | None) -> Dose:
    """The dose of a residual: "over" below 0, unless its interval reaches 0 (the share is then 0)."""
    if residual.value is None:
        return Dose(None, label=residual.undefined)
    if curve is None:
        return Dose(None, label="no dose models")
    low, high = (None if limit is None else curve.share(limit) for limit in (residual.low, residual.high))
    if residual.value < 0 and (residual.high is None or residual.high < 0):
        return Dose(None, low, high, OVER)
    return Dose(curve.share(residual.value), low, high)
