"""What a number makes of models that hold a share of the forget rows, and of the same model made again. Pure functions."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

LEVEL = 0.05  # of p-values


def rank_correlation(readings: Mapping[float, float | None]) -> float | None:
    """Spearman's correlation of the share with how bad the reading is (higher is better): 1 where it sinks at each dose.

    None with fewer than three shares that have a reading, or where all readings are alike.
    """
    from scipy.stats import rankdata

    known = sorted((share, -reading) for share, reading in readings.items() if reading is not None)
    if len(known) < 3:
        return None
    shares, values = (rankdata(column) for column in zip(*known, strict=True))
    return None if np.ptp(values) == 0 else round(float(np.corrcoef(shares, values)[0, 1]), 12)


def smallest_dose(detected: Mapping[float, bool]) -> float | None:
    """The smallest share from which on every share is detected; None where the largest one is not."""
    smallest = None
    for share in sorted(detected, reverse=True):
        if not detected[share]:
            break
        smallest = share
    return smallest


def is_detected(value: float | None, retrained: np.ndarray, direction: str, p_value: bool) -> bool:
    """Whether a model stands out: a p-value of at most 0.05, or a value outside the range of the retrained models' [K].

    Outside on the side that is worse; on either, where the retrained models are the aim ("target"). One more retrained
    model is the worst of K + 1 with chance 1 / (K + 1), without any dose.
    """
    if value is None or (not p_value and not len(retrained)):
        return False
    if p_value:
        return value <= LEVEL
    over, under = bool(value > np.max(retrained)), bool(value < np.min(retrained))
    return {"lower": over, "higher": under, "target": over or under}[direction]


def retest(retrained: np.ndarray, finetuned: float | None) -> float | None:
    """Standard deviation of the retrained models' values [K] over the distance of their mean from the fine-tuned model's.

    The share of the scale that chance of training alone moves a value. None for fewer than two models, or no scale.
    """
    if len(retrained) < 2 or finetuned is None or finetuned == np.mean(retrained):
        return None
    return float(np.std(retrained, ddof=1) / abs(finetuned - np.mean(retrained)))
