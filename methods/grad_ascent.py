"""Gradient ascent on the forget answers, alone or against a retain term.

Maini et al. 2024, arXiv 2401.06121: loss = -NLL(forget) [+ NLL(retain): gradient difference, after
Liu et al. 2022, arXiv 2203.12817] [+ KL(fine-tuned || model) on retain rows: "GA+KL"], weights 1. The loss
has no lower bound, so long training breaks the model; the benchmark then records `diverged`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor, nn

from methods.base import Batch, WithRetain, nll

VARIANTS = {"grad_ascent": {}, "grad_diff": {"retain": "rt"}, "ga+kl": {"retain": "kl"}}


@dataclass(frozen=True)
class GradAscent(WithRetain):
    paper: ClassVar[str] = "arXiv:2401.06121"
    needs: ClassVar[tuple[str, ...]] = ()

    def forget_loss(self, model: nn.Module, batch: Batch) -> Tensor:
        return -nll(model, batch.forget)
