"""DPO with a refusal as the preferred answer ("IdkDPO").

Rafailov et al. 2023, arXiv 2305.18290, used in this way by Maini et al. 2024, arXiv 2401.06121:

    loss = -(2 / beta) * log sigmoid(beta * [(s - s_ref)(refusal) - (s - s_ref)(answer)])

with s the log-likelihood of a whole answer. The factor 2 / beta follows the unlearning literature
(NPO's paper) and makes DPO and NPO comparable at the same learning rate; DPO's own paper has 1.
A row's refusal is drawn anew each epoch, so its s_ref is a live forward; the answer's is computed once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn.functional import logsigmoid

from methods.base import POSITIVE, Batch, Models, Tokens, WithRetain, sequence_logprob

VARIANTS = {"dpo": {}, "dpo+rt": {"retain": "rt"}, "dpo+kl": {"retain": "kl"}}


@dataclass(frozen=True)
class DPO(WithRetain):
    paper: ClassVar[str] = "arXiv:2305.18290"
    needs: ClassVar[tuple[str, ...]] = ("refusals", "reference")
    extra_forwards: ClassVar[int] = 2  # the refusal, by the model and by the frozen one
    ranges: ClassVar[dict[str, tuple[float, float]]] = {"beta": POSITIVE}

    beta: float = 0.1  # inverse temperature, per nat; TOFU's default

    def prepare(self, models: Models, tokens: Tokens) -> dict[str, Tensor]:
        return {"s_ref": sequence_logprob(models.reference, tokens)}  # [B]

    def forget_loss(self, model: nn.Module, batch: Batch) -> Tensor:
        with torch.no_grad():
            preferred_ref = sequence_logprob(batch.reference, self.preferred(batch))  # [B]
        preferred = sequence_logprob(model, self.preferred(batch)) - preferred_ref  # [B]
        losing = sequence_logprob(model, batch.forget) - batch.cached["s_ref"]  # [B]
        return -(2 / self.beta) * logsigmoid(self.beta * (preferred - losing)).mean()

    def preferred(self, batch: Batch) -> Tokens:
        """The rows whose answers are to become likelier."""
        return batch.refusal
