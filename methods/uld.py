"""ULD: an assistant learns what is to be forgotten, and its logits are subtracted from the fine-tuned model's.

Ji et al. 2024, arXiv 2406.08607. The assistant is trained the wrong way round:

    loss = NLL(forget) + retain_weight * KL(uniform || pi_assistant) on retain answers
    deployed logits = z_fine-tuned - alpha * z_assistant; - 0 for tokens far less likely than the best one

so the subtraction changes little where the assistant knows nothing. It is the fine-tuned model's first blocks with
adapters of its own, whatever the preset's recipe has. Far less likely are tokens below `filtered` times the probability
of the best one by the fine-tuned model that are not among its V * filtered likeliest either. All was checked against
the authors' code (UCSB-NLP-Chang/ULD, `contrastllm.py`, `gen_util.py`, `configs`, `bashes/tofu`).

Missing here, so that a row is not the authors' run: their data. They add two paraphrases of every forget row to the
forget rows, and two wrong answers to every forget question to the retain rows (`data/aug_data`, written by a language
model). The datasets' only paraphrases and wrong answers are those that the metrics read, and training on these would be
training on the test. Retain rows are drawn anew each epoch, where theirs are as many as forget rows, always the same.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from methods.base import (
    AT_LEAST_ONE,
    NOT_NEGATIVE,
    POSITIVE,
    SHARE,
    Batch,
    Combined,
    LoRA,
    Method,
    Models,
    UserError,
    answer_logits,
    nll,
    unwrap,
)  # fmt: skip

VARIANTS = {"uld": {}}


@dataclass(frozen=True)
class ULD(Method):
    paper: ClassVar[str] = "arXiv:2406.08607"
    needs: ClassVar[tuple[str, ...]] = ("retain",)
    extra_forwards: ClassVar[int] = 1  # the retain rows
    weighs: ClassVar[str] = "alpha"  # the authors' script loops over its values (`weights`)
    ranges: ClassVar[dict[str, tuple[float, float]]] = {
        "alpha": NOT_NEGATIVE,
        "filtered": SHARE,
        "retain_weight": NOT_NEGATIVE,
        "layers": AT_LEAST_ONE,
        "lora_rank": AT_LEAST_ONE,
        "lora_alpha": POSITIVE,
        "lora_dropout": (0.0, 0.99),
    }

    alpha: float = 0.75  # factor of the assistant's logits; the paper's value on TOFU (the authors' script has 0.8)
    filtered: float = 0.01  # of the best token's probability; the authors' script; 0: nothing is filtered
    retain_weight: float = 5.0  # the authors' configuration
    layers: int = 8  # blocks of the assistant, at most all; the authors' configuration (for a model of 32)
    lora_rank: int = 16  # the authors' configuration, on all linear layers
    lora_alpha: float = 32.0  # the authors' configuration
    lora_dropout: float = 0.05  # the authors' configuration

    def assemble(self, model: nn.Module) -> None:
        keep_first_blocks(model, self.layers)

    def adapters(self) -> LoRA:
        return LoRA(rank=self.lora_rank, alpha=self.lora_alpha, dropout=self.lora_dropout)

    def loss(self, model: nn.Module, batch: Batch) -> Tensor:
        log_p = answer_logits(model, batch.retain).log_softmax(-1)  # [N, V]
        from_uniform = -log_p.mean(-1) - math.log(log_p.shape[-1])  # [N]
        return nll(model, batch.forget) + self.retain_weight * batch.retain.row_mean(from_uniform).mean()

    def deploy(self, model: nn.Module, models: Models) -> nn.Module:
        return Combined(models.reference, model, self.subtract)

    def subtract(self, original: Tensor, assistant: Tensor) -> Tensor:
        """[..., V] the deployed model's logits."""
        if self.filtered > 0:
            kept = max(1, int(self.filtered * original.shape[-1]))
            least = original.topk(kept, dim=-1).values[..., -1:]  # [..., 1]
            limit = torch.minimum(least, original.amax(-1, keepdim=True) + math.log(self.filtered))
            assistant = assistant.masked_fill(original < limit, 0.0)
        return original - self.alpha * assistant


def keep_first_blocks(model: nn.Module, count: int) -> None:
    """Cut all blocks but the first so many out of the model, in place."""
    config, inner = model.config, unwrap(model).base_model
    if count >= config.num_hidden_layers:
        return
    stacks = [
        n for n, m in inner.named_children() if isinstance(m, nn.ModuleList) and len(m) == config.num_hidden_layers
    ]
    if len(stacks) != 1:
        raise UserError(f"the blocks of {type(model).__name__} could not be found, so it has no assistant")
    setattr(inner, stacks[0], getattr(inner, stacks[0])[:count])
    config.num_hidden_layers = count
    if getattr(config, "layer_types", None):
        config.layer_types = config.layer_types[:count]
