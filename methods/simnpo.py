"""SimNPO: NPO without a reference model, on the mean log-likelihood of the answer's tokens.

Fan et al. 2024, arXiv 2410.07163:

    loss = w * -(2 / beta) * log sigmoid(-beta * s_mean - gamma) + NLL(retain)

with s_mean the forget answer's log-likelihood divided by its number of tokens. The authors' code writes the
margin inside the factor, beta * (-s_mean - gamma); the two agree at gamma = 0, which is the default of
both, and the paper's form is used here. The paper trains with the retain term, so the plain name has it.
Where gamma = 0 and beta -> 0 the gradient is w times gradient ascent's. beta and w are the authors' for each of TOFU's
splits (OPTML-Group/Unlearn-Simple, `TOFU/README.md`); for forget01 they name none, and forget10's hold.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from torch import Tensor, nn
from torch.nn.functional import logsigmoid

from methods.base import NOT_NEGATIVE, POSITIVE, Batch, WithRetain, token_logprobs

VARIANTS = {"simnpo": {}}


@dataclass(frozen=True)
class SimNPO(WithRetain):
    paper: ClassVar[str] = "arXiv:2410.07163"
    needs: ClassVar[tuple[str, ...]] = ()
    weighs: ClassVar[str] = "forget_weight"  # the authors' `npo_coeff`, another one for each split
    by_split: ClassVar[dict[str, dict[str, Any]]] = {
        "forget10": {"beta": 4.5, "forget_weight": 0.125},
        "forget05": {"beta": 2.5, "forget_weight": 0.1375},
    }
    ranges: ClassVar[dict[str, tuple[float, float]]] = {
        "beta": POSITIVE,
        "gamma": NOT_NEGATIVE,
        "forget_weight": NOT_NEGATIVE,
    }

    retain: Literal["none", "rt", "kl"] = "rt"  # as in the paper
    beta: float = 4.5  # inverse temperature, per nat a token; the authors', see by_split
    gamma: float = 0.0  # margin; the paper's default
    forget_weight: float = 0.125  # the authors', see by_split; the retain term has weight 1

    def forget_loss(self, model: nn.Module, batch: Batch) -> Tensor:
        s_mean = batch.forget.row_mean(token_logprobs(model, batch.forget))  # [B]
        return self.forget_weight * -(2 / self.beta) * logsigmoid(-self.beta * s_mean - self.gamma).mean()
