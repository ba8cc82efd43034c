"""Membership attack by min-k %: only the answer's least likely tokens count.

Loss of a row: minus the mean of the lowest 40 % of its token log-probabilities (rounded down, at least one
token), closing EOS among the tokens. AUC and its direction as in ``mia_loss``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from metrics._evaluate import standalone
from metrics._evaluate_attacks import TOKEN_LOGPROBS, auc_of
from metrics._membership import MembershipAttack
from metrics._rows import answer_problems
from metrics._tokens import lowest_mean

if TYPE_CHECKING:
    from benchmark.evaluation.scores import SetScores


class MiaMinK(MembershipAttack):
    name = "mia_min_k"
    version = 1
    reads = ("answers", "authors")
    source = "Shi et al. 2024, arXiv 2310.16789; 40 % as in OpenUnlearning, arXiv 2506.12618"

    def losses(self, rows: SetScores, reference: SetScores | None) -> np.ndarray:
        return np.array([-lowest_mean(answer.logprobs) for answer in rows.answers], dtype=np.float64)

    def problems(self, rows: SetScores) -> dict[str, np.ndarray]:
        return answer_problems("gold answer", rows.answers, rows.answer_nll())


Card = standalone(MiaMinK, TOKEN_LOGPROBS, auc_of(MiaMinK))
