"""ULD: an assistant learns what is to be forgotten, and its logits are subtracted from the fine-tuned model's.

Ji et al. 2024, arXiv 2406.08607. The assistant is trained the wrong way round:

    loss = NLL(forget) + retain_weight * KL(uniform || pi_assistant) on retain answers
    deployed logits = z_fine-tuned - alpha * z_assistant

so that where the assistant knows nothing the subtraction changes nothing. Both terms were checked against
the authors' code. Chosen here: the assistant is the whole fine-tuned model, where the paper takes its first
layers with adapters (adapters are the preset's choice); retain rows are those of the dataset as they are, where
the authors add paraphrases; and no token is spared the subtraction, where their code leaves out those far
less likely than the best one.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor, nn

from methods.base import Batch, Combined, Method, Models, answer_logits, nll

VARIANTS = {"uld": {}}


@dataclass(frozen=True)
class ULD(Method):
    paper: ClassVar[str] = "arXiv:2406.08607"
    needs: ClassVar[tuple[str, ...]] = ("retain",)
    extra_forwards: ClassVar[int] = 1  # the retain rows

    alpha: float = 0.75  # of the assistant's logits; the paper's on TOFU (the authors' script has 0.8)
    retain_weight: float = 5.0  # authors' configuration

    def loss(self, model: nn.Module, batch: Batch) -> Tensor:
        log_p = answer_logits(model, batch.retain).log_softmax(-1)  # [N, V]
        from_uniform = -log_p.mean(-1) - math.log(log_p.shape[-1])  # [N]
        return nll(model, batch.forget) + self.retain_weight * batch.retain.row_mean(from_uniform).mean()

    def deploy(self, model: nn.Module, models: Models) -> nn.Module:
        return Combined(models.reference, model, self.subtract)

    def subtract(self, original: Tensor, assistant: Tensor) -> Tensor:
        """[..., V] the deployed model's logits."""
        return original - self.alpha * assistant
