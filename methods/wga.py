"""WGA: gradient ascent with each token weighted by its own probability.

Wang et al. 2025, arXiv 2502.19301 (ICLR 2025):

    loss = mean over tokens of stop-gradient(p^beta) * log p + NLL(retain)

Tokens that are already unlikely weigh little, which curbs ascent's excess. beta = 0 is gradient ascent.
Checked against the authors' code (tmlr-group/G-effect). Chosen here: tokens are averaged within a row, then
rows; the retain term with weight 1, as in OpenUnlearning.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from torch import Tensor, nn

from methods.base import NOT_NEGATIVE, Batch, WithRetain, token_logprobs

VARIANTS = {"wga": {}}


@dataclass(frozen=True)
class WGA(WithRetain):
    paper: ClassVar[str] = "arXiv:2502.19301"
    needs: ClassVar[tuple[str, ...]] = ()
    weighs: ClassVar[str] = "retain_weight"  # the authors' `run.sh` in OpenUnlearning tries 1, 0.1 and 10
    ranges: ClassVar[dict[str, tuple[float, float]]] = {"beta": NOT_NEGATIVE}

    retain: Literal["none", "rt", "kl"] = "rt"  # the usual setting
    beta: float = 1.0  # exponent of the probability, no unit; OpenUnlearning's default

    def forget_loss(self, model: nn.Module, batch: Batch) -> Tensor:
        log_p = token_logprobs(model, batch.forget)  # [N]
        weights = (self.beta * log_p.detach()).exp()
        return batch.forget.row_mean(weights * log_p).mean()
