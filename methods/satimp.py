"""SatImp: gradient ascent with tokens weighted by saturation and importance.

Yang et al. 2025, arXiv 2505.11953 (ICML 2025):

    loss = w * mean over tokens of stop-gradient(p^beta1 * (1 - p)^beta2) * log p + NLL(retain)

p^beta1 spares tokens that are already forgotten (saturation), (1 - p)^beta2 those that any model predicts
(importance). beta2 = 0 is WGA. Chosen here: tokens are averaged within a row, then rows; the retain term
and the weight w are OpenUnlearning's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import torch
from torch import Tensor, nn

from methods.base import Batch, WithRetain, token_logprobs

VARIANTS = {"satimp": {}}


@dataclass(frozen=True)
class SatImp(WithRetain):
    paper: ClassVar[str] = "arXiv:2505.11953"
    needs: ClassVar[tuple[str, ...]] = ()

    retain: Literal["none", "rt", "kl"] = "rt"  # the usual setting
    beta1: float = 5.0  # exponent of p, no unit; OpenUnlearning's default
    beta2: float = 1.0  # exponent of 1 - p, no unit; OpenUnlearning's default
    forget_weight: float = 0.1  # OpenUnlearning's default; the retain term has weight 1

    def forget_loss(self, model: nn.Module, batch: Batch) -> Tensor:
        log_p = token_logprobs(model, batch.forget)  # [N]
        known = log_p.detach()
        one_minus_p = -torch.expm1(known)  # exact where p is near 1
        weights = (self.beta1 * known).exp() * one_minus_p**self.beta2
        return self.forget_weight * batch.forget.row_mean(weights * log_p).mean()
