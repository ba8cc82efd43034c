"""Membership attack by gradient norm: AUC of the loss's gradient norms, forget rows against held-out rows.

The norm is that of the gradient of a row's nll with respect to the model's weights: small for rows that
were trained on. Stored scores hold no gradients, so ``measure`` has no value to give; whoever has the model
computes the norms and calls ``gradnorm_auc``. Direction as in ``mia_loss``: above 0.5 the forget rows look
like members.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from metrics._membership import Attack
from metrics.base import Measurement, Metric

if TYPE_CHECKING:
    from benchmark.evaluation.scores import Scores

WHY = "needs the model's gradients, which stored scores do not hold"


class MiaGradnorm(Metric):
    name = "mia_gradnorm"
    version = 1
    direction = "target"
    range = (0.0, 1.0)
    unit = "AUC"
    reads = ("authors",)
    source = "Wang et al. 2024, arXiv 2402.17012; OpenUnlearning, arXiv 2506.12618, metrics: GradNorm"
    sets = ("forget", "holdout")
    needs = ("holdout", "model")

    def measure(
        self, scores: Scores, reference: Scores | None = None, *, rng: np.random.Generator
    ) -> dict[str, Measurement]:
        return {self.name: self.undefined(WHY)}


def gradnorm_auc(forget: np.ndarray, holdout: np.ndarray) -> float | None:
    """AUC from gradient norms of [n] forget and [m] held-out rows; NaN rows are left out.

    None where a side has no row.
    """
    return Attack(np.asarray(forget, dtype=np.float64), np.asarray(holdout, dtype=np.float64)).auc()
