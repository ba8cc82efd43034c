"""RKLD: distil from a teacher that has the forget answers turned down, with the reverse KL divergence.

Wang et al. 2024, arXiv 2406.01983; NAACL 2025 long paper 60. The teacher, at every prefix of a forget
answer, in logit space:

    l_t = l_o - alpha * relu(l_aug - l_o)                                   (original o, reinforced aug)
    loss = mean over answer positions of KL(pi_theta || softmax(l_t))

Chosen where the paper is silent: both teacher models are frozen and used at temperature 1; the student
starts from the fine-tuned model; the closing EOS counts as an answer position and the prompt does not; the
reinforced model is the fine-tuned one trained further on the forget rows, as long as the preset's
[reinforcement] says; a row's positions are averaged, then rows. Reporting is after the last epoch: the
paper's choice of the epoch with the best forget quality would select on the test metric.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from methods.base import NOT_NEGATIVE, Batch, Models, Tokens, WithRetain, answer_logits, kl_divergence

VARIANTS = {"rkld": {}, "rkld+rt": {"retain": "rt"}, "rkld+kl": {"retain": "kl"}}


@dataclass(frozen=True)
class RKLD(WithRetain):
    paper: ClassVar[str] = "arXiv:2406.01983"
    needs: ClassVar[tuple[str, ...]] = ("reinforced",)
    weighs: ClassVar[str] = "alpha"  # the paper compares 4 to 12 on TOFU
    ranges: ClassVar[dict[str, tuple[float, float]]] = {"alpha": NOT_NEGATIVE}

    alpha: float = 8.0  # paper: 8 on TOFU, 4 on Harry Potter; 4 to 12 beat the baselines

    def prepare(self, models: Models, tokens: Tokens) -> dict[str, Tensor]:
        # Neither model moves, so the teacher is the same in every epoch: computed once.
        original = answer_logits(models.reference, tokens)  # [N, V]
        reinforced = answer_logits(models.reinforced, tokens)  # [N, V]
        return {"log_teacher": teacher_logits(original, reinforced, self.alpha).log_softmax(-1)}

    def forget_loss(self, model: nn.Module, batch: Batch) -> Tensor:
        log_student = answer_logits(model, batch.forget).log_softmax(-1)  # [N, V]
        divergence = self.divergence(log_student, batch.cached["log_teacher"])  # [N]
        return batch.forget.row_mean(divergence).mean()

    def divergence(self, log_student: Tensor, log_teacher: Tensor) -> Tensor:
        """[N] KL(student || teacher)."""
        return kl_divergence(log_student, log_teacher)


def teacher_logits(original: Tensor, reinforced: Tensor, alpha: float) -> Tensor:
    """The paper's unlearning teacher: tokens that reinforcement raised are pushed down by alpha times as much."""
    return original - alpha * torch.relu(reinforced - original)
