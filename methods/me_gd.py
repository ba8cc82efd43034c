"""ME+GD: maximise the entropy of the model's output on forget answers, with likelihood on retain rows.

Yuan et al. 2024, arXiv 2410.08109 (ICLR 2025), at every answer position:

    loss = w * KL(uniform || pi_theta) + NLL(retain)
    KL(uniform || pi) = -log V - mean over v of log pi(v)

The paper's equation has KL(pi_theta || uniform), log V minus the entropy; the authors' code
(sail-sg/closer-look-LLM-unlearning) has the direction used here. Both vanish at the uniform distribution
only. "GD" is the paper's name for the retain NLL. The authors' script for ME+GD turns the mask off (`mask=false`):
question, answer and the padding to 500 tokens all count. `mask="all"` is that without the padding; the default
stays at the answer, as for every other method.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import ClassVar, Literal

from torch import Tensor, nn

from methods.base import NOT_NEGATIVE, Batch, Tokens, WithRetain, answer_logits

VARIANTS = {"me+gd": {}}


@dataclass(frozen=True)
class MaximumEntropy(WithRetain):
    paper: ClassVar[str] = "arXiv:2410.08109"
    needs: ClassVar[tuple[str, ...]] = ()
    weighs: ClassVar[str] = "forget_weight"  # the authors' `forget_coeff`: 0.1 on TOFU, 0.5 on real people
    ranges: ClassVar[dict[str, tuple[float, float]]] = {"forget_weight": NOT_NEGATIVE}

    retain: Literal["none", "rt", "kl"] = "rt"  # the GD of the name
    forget_weight: float = 0.1  # the authors' script on TOFU; the retain term has weight 1
    mask: Literal["answer", "all"] = "answer"  # the positions that count, see above

    def forget_loss(self, model: nn.Module, batch: Batch) -> Tensor:
        tokens = batch.forget if self.mask == "answer" else whole_rows(batch.forget)
        log_p = answer_logits(model, tokens).log_softmax(-1)  # [N, V]
        divergence = -log_p.mean(-1) - math.log(log_p.shape[-1])  # [N]
        return self.forget_weight * tokens.row_mean(divergence).mean()


def whole_rows(tokens: Tokens) -> Tokens:
    """The same rows with every token but the first, which nothing predicts, as if it were of the answer."""
    row, before = tokens.attention_mask[:, 1:].nonzero(as_tuple=True)  # [N] each
    return replace(tokens, row=row, column=before + 1)
