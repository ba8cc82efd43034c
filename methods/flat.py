"""FLAT: widen an f-divergence between a refusal and the forget answer, with forget questions only.

Wang et al. 2024, arXiv 2410.11143 (ICLR 2025). With P the mean probability of an answer's tokens:

    loss = -g(P(refusal)) + f*(g(P(answer)))

where g is the divergence's best variational function and f* its conjugate:

    kl        g(x) = x                    f*(g(x)) = exp(x - 1)
    tv        g(x) = tanh(x) / 2          f*(g(x)) = tanh(x) / 2
    js        g(x) = log(2 / (1 + e^-x))  f*(g(x)) = x + log(1 + e^-x) - log 2
    pearson   g(x) = x                    f*(g(x)) = x^2 / 4 + x

Checked against the authors' code (UCSC-REAL/FLAT), with two differences: there P also averages zeros at prompt and
padding, here only answer tokens; there g and f* are applied to the batch's mean, here to each row's, so that a
batch may be split.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar, Literal

from torch import Tensor, nn
from torch.nn.functional import logsigmoid

from methods.base import Batch, Tokens, WithRetain, token_logprobs

VARIANTS = {"flat": {}}
VARIATIONAL = {
    "kl": lambda x: x,
    "tv": lambda x: x.tanh() / 2,
    "js": lambda x: math.log(2) + logsigmoid(x),
    "pearson": lambda x: x,
}
CONJUGATE = {  # f*(g(x)) as a function of x
    "kl": lambda x: (x - 1).exp(),
    "tv": lambda x: x.tanh() / 2,
    "js": lambda x: -logsigmoid(-x) - math.log(2),  # x + log(1 + e^-x) = log(1 + e^x)
    "pearson": lambda x: x**2 / 4 + x,
}


@dataclass(frozen=True)
class FLAT(WithRetain):
    paper: ClassVar[str] = "arXiv:2410.11143"
    needs: ClassVar[tuple[str, ...]] = ("refusals",)
    extra_forwards: ClassVar[int] = 1  # the refusal

    divergence: Literal["kl", "tv", "js", "pearson"] = "kl"  # the paper reports all four

    def forget_loss(self, model: nn.Module, batch: Batch) -> Tensor:
        raised = VARIATIONAL[self.divergence](mean_probability(model, batch.refusal))  # [B]
        lowered = CONJUGATE[self.divergence](mean_probability(model, batch.forget))  # [B]
        return (lowered - raised).mean()


def mean_probability(model: nn.Module, tokens: Tokens) -> Tensor:
    """[B] mean probability of each answer's tokens."""
    return tokens.row_mean(token_logprobs(model, tokens).exp())
