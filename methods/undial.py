"""UNDIAL: distil from the original model with each gold token's logit lowered by a constant.

Dong et al. 2024, arXiv 2402.10052 (NAACL 2025), at every answer position:

    loss = cross entropy(softmax(z_ref - beta * onehot(y)), softmax(z_theta))

The teacher is the frozen fine-tuned model, so it is computed once. No retain term in the paper.
OpenUnlearning's version also averages over prompt and padding, where the label -100 lowers the logit of
token V - 100; here only answer positions count.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor, nn

from methods.base import NOT_NEGATIVE, Batch, Models, Tokens, WithRetain, answer_logits

VARIANTS = {"undial": {}}


@dataclass(frozen=True)
class UNDIAL(WithRetain):
    paper: ClassVar[str] = "arXiv:2402.10052"
    needs: ClassVar[tuple[str, ...]] = ()
    weighs: ClassVar[str] = "beta"  # the authors' README in OpenUnlearning: 3, 10 or 30
    ranges: ClassVar[dict[str, tuple[float, float]]] = {"beta": NOT_NEGATIVE}

    beta: float = 10.0  # nats taken off the gold logit; the usual value on TOFU, with learning rate 1e-4

    def prepare(self, models: Models, tokens: Tokens) -> dict[str, Tensor]:
        logits = answer_logits(models.reference, tokens)  # [N, V]
        gold = tokens.targets.unsqueeze(-1)  # [N, 1]
        lowered = logits.scatter(-1, gold, logits.gather(-1, gold) - self.beta)
        return {"teacher": lowered.softmax(-1)}

    def forget_loss(self, model: nn.Module, batch: Batch) -> Tensor:
        log_student = answer_logits(model, batch.forget).log_softmax(-1)  # [N, V]
        crossed = -(batch.cached["teacher"] * log_student).sum(-1)  # [N]
        return batch.forget.row_mean(crossed).mean()
