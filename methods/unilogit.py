"""Unilogit: distil towards the model's own current output with the gold token at uniform probability.

Vasilev et al. 2025, arXiv 2505.06027 (Findings of ACL 2025), at every answer position:

    z'_y = logsumexp over v != y of z_v - log(V - 1),  z'_v = z_v elsewhere:  softmax(z')_y = 1 / V
    loss = KL(pi_theta || stop-gradient(softmax(z')))

The target moves with the model, so nothing is cached and there is nothing to tune. The other tokens'
ratios cancel, so the loss is the KL between (p_y, 1 - p_y) and (1/V, 1 - 1/V), and a gradient through the target
would be zero. The direction (reverse KL, from the model to its target) is the paper's figure 1 and, by a
published port's account, the released code's. The paper runs it with and without a retain term: the plain
name has none, "+rt" adds NLL on retain rows.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from methods.base import Batch, WithRetain, answer_logits, kl_divergence

VARIANTS = {"unilogit": {}, "unilogit+rt": {"retain": "rt"}}


@dataclass(frozen=True)
class Unilogit(WithRetain):
    paper: ClassVar[str] = "arXiv:2505.06027"
    needs: ClassVar[tuple[str, ...]] = ()

    def forget_loss(self, model: nn.Module, batch: Batch) -> Tensor:
        logits = answer_logits(model, batch.forget)  # [N, V]
        log_target = uniform_target(logits.detach(), batch.forget.targets).log_softmax(-1)
        divergence = kl_divergence(logits.log_softmax(-1), log_target)  # [N]
        return batch.forget.row_mean(divergence).mean()


def uniform_target(logits: Tensor, gold: Tensor) -> Tensor:
    """[N, V] logits that give the gold tokens [N] the probability 1 / V and leave the ratios of the others."""
    gold = gold.unsqueeze(-1)  # [N, 1]
    others = logits.scatter(-1, gold, -torch.inf).logsumexp(-1, keepdim=True)  # [N, 1]
    return logits.scatter(-1, gold, others - math.log(logits.shape[-1] - 1))
