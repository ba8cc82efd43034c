"""ME+GD: maximise the entropy of the model's output on forget answers, with likelihood on retain rows.

Yuan et al. 2024, arXiv 2410.08109 (ICLR 2025), at every answer position:

    loss = w * KL(uniform || pi_theta) + NLL(retain)
    KL(uniform || pi) = -log V - mean over v of log pi(v)

The paper's equation has KL(pi_theta || uniform), log V minus the entropy; the authors' code
(sail-sg/closer-look-LLM-unlearning) has the direction used here. Both vanish at the uniform distribution
only. "GD" is the paper's name for the retain NLL.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar, Literal

from torch import Tensor, nn

from methods.base import Batch, WithRetain, answer_logits

VARIANTS = {"me+gd": {}}


@dataclass(frozen=True)
class MaximumEntropy(WithRetain):
    paper: ClassVar[str] = "arXiv:2410.08109"
    needs: ClassVar[tuple[str, ...]] = ()

    retain: Literal["none", "rt", "kl"] = "rt"  # the GD of the name
    forget_weight: float = 0.1  # the authors' script on TOFU; the retain term has weight 1

    def forget_loss(self, model: nn.Module, batch: Batch) -> Tensor:
        log_p = answer_logits(model, batch.forget).log_softmax(-1)  # [N, V]
        divergence = -log_p.mean(-1) - math.log(log_p.shape[-1])  # [N]
        return self.forget_weight * batch.forget.row_mean(divergence).mean()
