"""ASU (attention smoothing): distil from the model itself with its attention flattened.

Zare Zade et al. 2026, arXiv 2603.01285 (ICLR 2026). The teacher is the fine-tuned model in which every attention is

    softmax(Q K^T / (temperature * sqrt(d))) V
    loss = w * mean over answer positions of KL(teacher || pi_theta) + NLL(retain)     ("+kl": KL to the fine-tuned model)

on forget rows only: without sharp attention the model reads, but does not find what it memorised. The teacher never moves,
so its distributions are computed once. Unconfirmed: only summaries could be read, which disagree on the direction of
the KL (the one taken here is the usual one of distillation), and no code was found. The weight w is not known. An
architecture whose attention modules do not show their ``scaling`` is refused.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import ClassVar, Literal

from torch import Tensor, nn

from methods.base import Batch, Models, Tokens, UserError, WithRetain, answer_logits, kl_divergence

VARIANTS = {"asu": {}, "asu+kl": {"retain": "kl"}}


@dataclass(frozen=True)
class ASU(WithRetain):
    paper: ClassVar[str] = "arXiv:2603.01285"
    status: ClassVar[str] = "unconfirmed"
    needs: ClassVar[tuple[str, ...]] = ()

    retain: Literal["none", "rt", "kl"] = "rt"  # the paper's ASU_GD; "kl" is its ASU_KL
    temperature: float = 2.4  # tau, no unit; the middle of the range that a summary calls stable, 2.0 to 2.8
    forget_weight: float = 1.0  # chosen here; the retain term has weight 1

    def prepare(self, models: Models, tokens: Tokens) -> dict[str, Tensor]:
        with smoothed_attention(models.reference, self.temperature):
            return {"log_teacher": answer_logits(models.reference, tokens).log_softmax(-1)}  # [N, V]

    def forget_loss(self, model: nn.Module, batch: Batch) -> Tensor:
        log_student = answer_logits(model, batch.forget).log_softmax(-1)  # [N, V]
        divergence = kl_divergence(batch.cached["log_teacher"], log_student)  # [N]
        return self.forget_weight * batch.forget.row_mean(divergence).mean()


@contextmanager
def smoothed_attention(model: nn.Module, temperature: float) -> Iterator[None]:
    """Inside, the scores that every attention's softmax takes are divided by the temperature."""
    attentions = [
        m for m in model.modules() if "Attention" in type(m).__name__ and isinstance(getattr(m, "scaling", 0), float)
    ]
    if not attentions:
        raise UserError(f"{type(model).__name__} does not show the scaling of its attention, which asu changes")
    before = [module.scaling for module in attentions]
    for module in attentions:
        module.scaling /= temperature
    try:
        yield
    finally:
        for module, scaling in zip(attentions, before, strict=True):
            module.scaling = scaling
