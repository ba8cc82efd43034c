"""Membership attack by loss over compressed length: texts easy for any model are held less suspicious.

Loss of a row: nll (nats per token, closing EOS included) divided by the bytes of the gold answer's UTF-8
text after zlib compression at the default level. AUC and its direction as in ``mia_loss``.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

import numpy as np

from metrics._evaluate import standalone
from metrics._evaluate_attacks import LOSSES_AND_TEXTS, auc_of
from metrics._membership import MembershipAttack
from metrics._rows import answer_problems

if TYPE_CHECKING:
    from benchmark.evaluation.scores import SetScores


class MiaZlib(MembershipAttack):
    name = "mia_zlib"
    version = 1
    reads = ("answers", "gold", "authors")
    source = "Carlini et al. 2021, arXiv 2012.07805, section 5; OpenUnlearning, arXiv 2506.12618"

    def losses(self, rows: SetScores, reference: SetScores | None) -> np.ndarray:
        lengths = np.array([len(zlib.compress(text.encode())) for text in rows.gold], dtype=np.float64)
        return rows.answer_nll() / lengths  # zlib gives at least 8 bytes, even for no text

    def problems(self, rows: SetScores) -> dict[str, np.ndarray]:
        return answer_problems("gold answer", rows.answers, rows.answer_nll())


Card = standalone(MiaZlib, LOSSES_AND_TEXTS, auc_of(MiaZlib))
