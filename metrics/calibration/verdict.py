"""All of the calibration for one row statistic, and what may be said of a model.

A p above .05 says nothing where the test could not have rejected. So "indistinguishable" is said only if the same test, with
the same retrained models on the same rows, rejects two models that are known to hold forget rows: the fine-tuned one and
those trained with a tenth of the forget rows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from metrics.calibration.distance import Distance, complete_rows, distance
from metrics.calibration.dose import Dose, DoseCurve, dose
from metrics.calibration.p_retrained import LEVEL, RetrainedTest, p_retrained
from metrics.calibration.residual import Residual, residual

DISTINGUISHABLE, INDISTINGUISHABLE, NO_POWER = "distinguishable", "indistinguishable", "no power"
CONTROL_SHARE = 0.10  # of the forget rows: the dose that a test must notice


@dataclass(frozen=True)
class Calibration:
    """One model by one row statistic."""

    distance: Distance
    test: RetrainedTest
    residual: Residual
    dose: Dose
    verdict: str


def verdict(test: RetrainedTest, finetuned: RetrainedTest | None, controls: Sequence[RetrainedTest] = ()) -> str:
    """ "distinguishable", "indistinguishable", "no power" (with what is missing), or "undefined" with the reason.

    Args:
        finetuned: the same test of the fine-tuned model on the same rows.
        controls: the same of the models with a tenth of the forget rows; all must be rejected.
    """
    if test.p is None:
        return f"undefined: {test.undefined}"
    if test.rejects:
        return DISTINGUISHABLE
    if finetuned is None:
        return f"{NO_POWER}: no fine-tuned model"
    if not controls:
        return f"{NO_POWER}: no dose control"
    return INDISTINGUISHABLE if finetuned.rejects and all(c.rejects for c in controls) else NO_POWER


def together(verdicts: Mapping[str, str], adjusted: Mapping[str, float]) -> str:
    """What several statistics say of one model: "distinguishable" where one p, corrected, is at or below 0.05.

    "indistinguishable" only where each of them says so; else what the first says that does not.

    Args:
        verdicts: statistic -> verdict by itself.
        adjusted: statistic -> p corrected for their number.
    """
    if min(adjusted.values()) <= LEVEL:
        return DISTINGUISHABLE
    open_ones = [text for text in verdicts.values() if text not in (INDISTINGUISHABLE, DISTINGUISHABLE)]
    return open_ones[0] if open_ones else INDISTINGUISHABLE


def calibrate(
    candidate: np.ndarray,
    retrained: np.ndarray,
    authors: np.ndarray,
    finetuned: np.ndarray | None = None,
    doses: Mapping[float, np.ndarray] | None = None,
) -> Calibration:
    """Distance, test, residual, dose and verdict of a candidate, all on the rows that every model here defines.

    Args:
        candidate: [n] a row statistic; not one of the retrained models' own.
        retrained: [K, n].
        authors: [n] numbers; a row of nobody (-1) is an author of its own.
        finetuned: [n] of the model before unlearning.
        doses: share of the forget rows -> [n] or [models, n] of the models trained with it.

    Raises:
        ValueError: the shapes do not fit.
    """
    models = {share: np.atleast_2d(z) for share, z in (doses or {}).items()}
    kept = complete_rows(candidate, retrained, finetuned, *models.values())
    u, z, authors = np.asarray(candidate)[kept], np.asarray(retrained)[:, kept], np.asarray(authors)[kept]
    ft = None if finetuned is None else np.asarray(finetuned)[kept]
    models = {share: z_dose[:, kept] for share, z_dose in models.items()}
    test = p_retrained(u, z)
    controls = [p_retrained(row, z) for share in models if np.isclose(share, CONTROL_SHARE) for row in models[share]]
    outcome = verdict(test, None if ft is None else p_retrained(ft, z), controls)
    if ft is None:
        reason = "no fine-tuned model"
        own = Residual(None, None, None, None, None, test.models, test.rows, reason, reason)
        return Calibration(distance(u, z), test, own, Dose(None, label=reason), outcome)
    own = residual(u, z, ft, authors)
    curve = _curve({share: [residual(row, z, ft, authors).value for row in models[share]] for share in models})
    return Calibration(distance(u, z), test, own, dose(own, curve), outcome)


def _curve(residuals: Mapping[float, Sequence[float | None]]) -> DoseCurve | None:
    """The curve through what is defined; None if nothing is."""
    defined = {share: [v for v in values if v is not None] for share, values in residuals.items()}
    defined = {share: values for share, values in defined.items() if values}
    return DoseCurve.fit(defined) if defined else None
