"""What a number makes of the pools' models after they were pushed: rounded to 4 bits, or trained on the forget rows once more.

Pure functions. After OpenUnlearning's meta-evaluation (arXiv 2506.12618, section on robustness), on models whose truth is known.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class AfterPush:
    """``auc`` between the pushed pools; ``shift`` of the models that never knew, None where there is no scale."""

    auc: float | None = None
    shift: float | None = None


def shift(before: np.ndarray, after: np.ndarray, knows: np.ndarray) -> float | None:
    """How far the models that never knew move, as a share of the way to those that know: 0 not at all, 1 all of it.

    Args:
        before, after: [n] values of the models that never knew, as they are and pushed.
        knows: [m] values of those that know, as they are.

    Returns:
        Mean after minus mean before, over mean knows minus mean before. None for an empty pool, or two of one mean.
    """
    if not (len(before) and len(after) and len(knows)):
        return None
    apart = float(np.mean(knows) - np.mean(before))
    return None if apart == 0 else float(np.mean(after) - np.mean(before)) / apart
