"""NPO: negative preference optimisation, DPO with the losing answer only.

Zhang et al. 2024, arXiv 2404.05868: loss = -(2 / beta) * log sigmoid(-beta * (s - s_ref)), with s the
log-likelihood of the whole forget answer. As beta -> 0 its gradient becomes gradient ascent's (on summed
log-likelihoods). The fine-tuned model's s_ref is computed once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor, nn
from torch.nn.functional import logsigmoid

from methods.base import POSITIVE, Batch, Models, Tokens, WithRetain, sequence_logprob

VARIANTS = {"npo": {}, "npo+rt": {"retain": "rt"}, "npo+kl": {"retain": "kl"}}


@dataclass(frozen=True)
class NPO(WithRetain):
    paper: ClassVar[str] = "arXiv:2404.05868"
    needs: ClassVar[tuple[str, ...]] = ()
    ranges: ClassVar[dict[str, tuple[float, float]]] = {"beta": POSITIVE}

    beta: float = 0.1  # inverse temperature, per nat; the paper's default on TOFU

    def prepare(self, models: Models, tokens: Tokens) -> dict[str, Tensor]:
        return {"s_ref": sequence_logprob(models.reference, tokens)}  # [B]

    def forget_loss(self, model: nn.Module, batch: Batch) -> Tensor:
        s = sequence_logprob(model, batch.forget)  # [B]
        return -(2 / self.beta) * logsigmoid(-self.beta * (s - batch.cached["s_ref"])).mean()
