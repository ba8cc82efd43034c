"""Membership attack by loss: AUC of the nll of forget rows against held-out rows.

Loss of a row: nats per token of the gold answer, closing EOS included. Above 0.5 the forget rows have the
lower loss and look like members (training rows). Ties count one half.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from metrics._evaluate import standalone
from metrics._evaluate_attacks import LOSSES, auc_of
from metrics._membership import MembershipAttack
from metrics._rows import answer_problems

if TYPE_CHECKING:
    from benchmark.evaluation.scores import SetScores


class MiaLoss(MembershipAttack):
    name = "mia_loss"
    version = 1
    reads = ("answers", "authors")
    source = "Yeom et al. 2018, arXiv 1709.01604; OpenUnlearning, arXiv 2506.12618, metrics: LOSS"

    def losses(self, rows: SetScores, reference: SetScores | None) -> np.ndarray:
        return rows.answer_nll()

    def problems(self, rows: SetScores) -> dict[str, np.ndarray]:
        return answer_problems("gold answer", rows.answers, rows.answer_nll())


Card = standalone(MiaLoss, LOSSES, auc_of(MiaLoss))
