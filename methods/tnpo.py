"""TNPO: NPO token by token instead of answer by answer.

Wang et al. 2025, arXiv 2502.19301 (ICLR 2025):

    loss = mean over tokens of -(2 / beta) * log sigmoid(-beta * (log p - log p_ref)) + NLL(retain)

Its gradient weights each token's ascent by 2 p^beta / (p^beta + p_ref^beta). The authors' code
(tmlr-group/G-effect, "ins_npo" in `dataloader.py`) writes the loss as that weight, held constant, times log p: the same
gradient, another value. The form here is bounded below by zero. beta -> 0 is gradient ascent. Chosen here: tokens are
averaged within a row, then rows; the retain term with weight 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from torch import Tensor, nn
from torch.nn.functional import logsigmoid

from methods.base import POSITIVE, Batch, Models, Tokens, WithRetain, token_logprobs

VARIANTS = {"tnpo": {}}


@dataclass(frozen=True)
class TNPO(WithRetain):
    paper: ClassVar[str] = "arXiv:2502.19301"
    needs: ClassVar[tuple[str, ...]] = ()
    ranges: ClassVar[dict[str, tuple[float, float]]] = {"beta": POSITIVE}

    retain: Literal["none", "rt", "kl"] = "rt"  # the usual setting
    beta: float = 4.0  # inverse temperature, per nat; the authors' code (5 in a fork by BS-T's authors)

    def prepare(self, models: Models, tokens: Tokens) -> dict[str, Tensor]:
        return {"log_p_ref": token_logprobs(models.reference, tokens)}  # [N]

    def forget_loss(self, model: nn.Module, batch: Batch) -> Tensor:
        gap = token_logprobs(model, batch.forget) - batch.cached["log_p_ref"]  # [N]
        return batch.forget.row_mean(-(2 / self.beta) * logsigmoid(-self.beta * gap)).mean()
