"""SimNPO: NPO without a reference model, on the mean log-likelihood of the answer's tokens.

Fan et al. 2024, arXiv 2410.07163:

    loss = w * -(2 / beta) * log sigmoid(-beta * s_mean - gamma) + NLL(retain)

with s_mean the forget answer's log-likelihood divided by its number of tokens. The authors' code writes the
margin inside the factor, beta * (-s_mean - gamma); the two agree at gamma = 0, which is the default of
both, and the paper's form is used here. The paper trains with the retain term, so the plain name has it.
Where gamma = 0 and beta -> 0 the gradient is w times gradient ascent's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from torch import Tensor, nn
from torch.nn.functional import logsigmoid

from methods.base import Batch, WithRetain, token_logprobs

VARIANTS = {"simnpo": {}}


@dataclass(frozen=True)
class SimNPO(WithRetain):
    paper: ClassVar[str] = "arXiv:2410.07163"
    needs: ClassVar[tuple[str, ...]] = ()

    retain: Literal["none", "rt", "kl"] = "rt"  # as in the paper
    beta: float = 4.5  # inverse temperature, per nat a token; authors: 4.5 on forget10, 2.5 on forget05
    gamma: float = 0.0  # margin; the paper's default
    forget_weight: float = 0.125  # authors: 0.125 on forget10, 0.1375 on forget05; retain has 1

    def forget_loss(self, model: nn.Module, batch: Batch) -> Tensor:
        s_mean = batch.forget.row_mean(token_logprobs(model, batch.forget))  # [B]
        return self.forget_weight * -(2 / self.beta) * logsigmoid(-self.beta * s_mean - self.gamma).mean()
