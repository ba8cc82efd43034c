"""GRU: an unlearning step without the part that would raise the retain loss.

Wang et al. 2025, arXiv 2503.09117, with g_u the gradient of any forget loss and g_r that of NLL(retain),
smoothed over the steps:

    step = g_u - min(0, <g_u, g_r>) / <g_r, g_r> * g_r,    g_r <- smoothing * new + (1 - smoothing) * g_r

so a step of plain gradient descent does not raise the smoothed retain loss, to first order, and does not lower it for
its own sake either. Under AdamW it may: that scales each parameter by its own history, and the scaled step can point
against g_r. Checked against the authors' code (tmlr-group/GRU) and their port to OpenUnlearning; there the learning
rate is constant after its warm-up, here the recipe's. g_r starts at its first value. The gradients are those of the
whole step's batch in all trained parameters together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import ClassVar, Literal

import torch
from torch import Tensor, nn

from methods.base import POSITIVE, SHARE, Batch, Method, Models, Tokens, WithRetain, nll, take_gradient
from methods.grad_ascent import GradAscent
from methods.npo import NPO

VARIANTS = {"gru": {}, "gru_npo": {"forget": "npo"}}


@dataclass(frozen=True)
class GRU(Method):
    paper: ClassVar[str] = "arXiv:2503.09117"
    needs: ClassVar[tuple[str, ...]] = ("retain",)
    extra_forwards: ClassVar[int] = 1  # the retain rows
    ranges: ClassVar[dict[str, tuple[float, float]]] = {"smoothing": SHARE, "beta": POSITIVE}

    forget: Literal["ga", "npo"] = "ga"  # the forget loss: gradient ascent or NPO, the paper's first two
    smoothing: float = 0.8  # weight of the new retain gradient; the authors' configuration for TOFU and MUSE
    beta: float = 0.1  # NPO's inverse temperature, per nat

    def forgetting(self) -> WithRetain:
        """The method whose forget loss is used."""
        return NPO(beta=self.beta) if self.forget == "npo" else GradAscent()

    def prepare(self, models: Models, tokens: Tokens) -> dict[str, Tensor]:
        return self.forgetting().prepare(models, tokens)

    def forget_loss(self, model: nn.Module, batch: Batch) -> Tensor:
        return self.forgetting().forget_loss(model, batch)

    def loss(self, model: nn.Module, batch: Batch) -> Tensor:
        """The two losses whose gradients make a step; their sum is what a step would descend without GRU."""
        return self.forget_loss(model, batch) + nll(model, batch.retain)

    def gradient(
        self, model: nn.Module, batches: Callable[[], Iterator[tuple[Batch, float]]], backward: Callable[[Tensor], None]
    ) -> Tensor:
        total = 0.0
        for batch, share in batches():
            loss = self.forget_loss(model, batch) * share
            backward(loss)
            total = total + loss.detach()
        forget = take_gradient(model)
        for batch, share in batches():
            backward(nll(model, batch.retain) * share)
        retain = take_gradient(model)
        if "retain_gradient" in batch.state:
            pairs = zip(retain, batch.state["retain_gradient"], strict=True)
            retain = [self.smoothing * new + (1 - self.smoothing) * old for new, old in pairs]
        batch.state["retain_gradient"] = retain
        inner = sum((f * r).sum() for f, r in zip(forget, retain, strict=True))
        length = sum(r.square().sum() for r in retain)
        factor = inner.clamp(max=0) / length.clamp(min=torch.finfo(length.dtype).tiny)
        trained = [p for p in model.parameters() if p.requires_grad]
        for parameter, f, r in zip(trained, forget, retain, strict=True):
            parameter.grad = f - factor * r
        return total
