"""Gradient ascent with a soft floor: pushes less and less once an answer's tokens are one in a hundred."""

from dataclasses import dataclass

from torch import Tensor, nn
from torch.nn.functional import softplus

from methods.base import Batch, WithRetain, token_logprobs

VARIANTS = {"floor": {}, "floor+rt": {"retain": "rt"}}


@dataclass(frozen=True)
class Floor(WithRetain):
    floor: float = -4.6  # nats a token: log(1 / 100)

    def forget_loss(self, model: nn.Module, batch: Batch) -> Tensor:
        mean = batch.forget.row_mean(token_logprobs(model, batch.forget))  # [B]
        return softplus(mean - self.floor).mean()
