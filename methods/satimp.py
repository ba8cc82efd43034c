"""SatImp: gradient ascent with tokens weighted by saturation and importance.

Yang et al. 2025, arXiv 2505.11953 (ICML 2025):

    loss = mean over tokens of stop-gradient(p^beta1 * (1 - p)^beta2) * log p + retain_weight * NLL(retain)

p^beta1 spares tokens that are already forgotten (saturation), (1 - p)^beta2 those that any model predicts
(importance). beta2 = 0 is WGA. Checked against the authors' code (tmlr-group/SatImp, `forget_sat.yaml`, and their
contribution to OpenUnlearning, whose README and class weigh forgetting ten times as much as retention; `SatImp.yaml`
there has the two weights the other way round). Chosen here: tokens are averaged within a row, then rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import torch
from torch import Tensor, nn

from methods.base import NOT_NEGATIVE, Batch, WithRetain, token_logprobs

VARIANTS = {"satimp": {}}


@dataclass(frozen=True)
class SatImp(WithRetain):
    paper: ClassVar[str] = "arXiv:2505.11953"
    needs: ClassVar[tuple[str, ...]] = ()
    weighs: ClassVar[str] = "retain_weight"  # the authors' `run.sh` in OpenUnlearning tries 1, 0.1 and 0.01
    ranges: ClassVar[dict[str, tuple[float, float]]] = {
        "beta1": NOT_NEGATIVE,
        "beta2": NOT_NEGATIVE,
        "forget_weight": NOT_NEGATIVE,
    }

    retain: Literal["none", "rt", "kl"] = "rt"  # the usual setting
    retain_weight: float = 0.1  # the authors', in both places
    beta1: float = 5.0  # exponent of p, no unit; the authors', in both places
    beta2: float = 1.0  # exponent of 1 - p, no unit; authors in OpenUnlearning (their own README recommends 0.1)
    forget_weight: float = 1.0  # the authors', in both places

    def forget_loss(self, model: nn.Module, batch: Batch) -> Tensor:
        log_p = token_logprobs(model, batch.forget)  # [N]
        known = log_p.detach()
        one_minus_p = -torch.expm1(known)  # exact where p is near 1
        weights = (self.beta1 * known).exp() * one_minus_p**self.beta2
        return self.forget_weight * batch.forget.row_mean(weights * log_p).mean()
