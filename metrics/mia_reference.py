"""Membership attack by a reference model: how much lower is the loss than that of the retrained model?

Loss of a row: nll minus the retrained model's nll (nats per token of the gold answer, closing EOS
included), which takes out what makes a text easy or hard. AUC and its direction as in ``mia_loss``; the
retrained model itself has 0.5.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from metrics._evaluate import standalone
from metrics._evaluate_attacks import LOSSES_OF_TWO, auc_of
from metrics._membership import MembershipAttack
from metrics._rows import answer_problems

if TYPE_CHECKING:
    from benchmark.evaluation.scores import SetScores


class MiaReference(MembershipAttack):
    name = "mia_reference"
    version = 1
    reads = ("answers", "authors")
    source = "Carlini et al. 2021, arXiv 2012.07805, section 5; OpenUnlearning, arXiv 2506.12618"
    needs = ("holdout", "retrained")

    def losses(self, rows: SetScores, reference: SetScores | None) -> np.ndarray:
        with np.errstate(invalid="ignore"):  # infinite for both models: undefined
            return rows.answer_nll() - reference.answer_nll()

    def problems(self, rows: SetScores) -> dict[str, np.ndarray]:
        return answer_problems("gold answer", rows.answers, rows.answer_nll())


Card = standalone(MiaReference, LOSSES_OF_TWO, auc_of(MiaReference))
