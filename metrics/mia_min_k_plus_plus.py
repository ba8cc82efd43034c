"""Membership attack by min-k++: least likely tokens, each measured against what else could have stood there.

Loss of a row: minus the mean of the lowest 40 % (rounded down, at least one) of (log p - mean) / std, with
mean and std those of the vocabulary's log-probabilities under the model at that position; std is at least
1e-3; closing EOS among the tokens. AUC and its direction as in ``mia_loss``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from metrics._evaluate import standalone
from metrics._evaluate_attacks import TOKEN_LOGPROBS_AND_MOMENTS, auc_of
from metrics._membership import MembershipAttack
from metrics._rows import answer_problems
from metrics._tokens import lowest_mean, standardized

if TYPE_CHECKING:
    from benchmark.evaluation.scores import SetScores


class MiaMinKPlusPlus(MembershipAttack):
    name = "mia_min_k_plus_plus"
    version = 1
    reads = ("answers", "authors")
    source = "Zhang et al. 2025, arXiv 2404.02936; 40 % as in OpenUnlearning, arXiv 2506.12618"

    def losses(self, rows: SetScores, reference: SetScores | None) -> np.ndarray:
        return np.array([-lowest_mean(standardized(answer)) for answer in rows.answers], dtype=np.float64)

    def problems(self, rows: SetScores) -> dict[str, np.ndarray]:
        unknown = [np.isnan(a.logprob_mean).any() or np.isnan(a.logprob_std).any() for a in rows.answers]
        problems = answer_problems("gold answer", rows.answers, rows.answer_nll())
        return problems | {"no moments of the vocabulary": np.array(unknown, dtype=bool)}


Card = standalone(MiaMinKPlusPlus, TOKEN_LOGPROBS_AND_MOMENTS, auc_of(MiaMinKPlusPlus))
