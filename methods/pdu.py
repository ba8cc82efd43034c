"""PDU: flatten the logits of forget answers, subject to a bound on the retain loss, by primal-dual steps.

Entesari et al. 2025, arXiv 2506.05314: minimise the logit margin subject to NLL(retain) <= limit,

    loss = mean (max_v z - mean_v z)^2 on forget answers + lambda * (NLL(retain) - limit)
    after a step: lambda <- max(0, lambda + dual_rate * (NLL(retain) - limit))

Checked against the authors' code in OpenUnlearning, whose mask is not shifted with the logits: at each answer position
it flattens the logits that predict the token after it, so the first answer token is left out. Here they are those
that predict the answer, EOS included. lambda starts at `dual` and stays there for `dual_warmup` epochs. The bound is
meant to lie above the fine-tuned model's own retain loss: a model with a higher one needs a higher bound.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from methods.base import NOT_NEGATIVE, Batch, Method, answer_logits, nll

VARIANTS = {"pdu": {}}


@dataclass(frozen=True)
class PDU(Method):
    paper: ClassVar[str] = "arXiv:2506.05314"
    needs: ClassVar[tuple[str, ...]] = ("retain",)
    extra_forwards: ClassVar[int] = 1  # the retain rows
    weighs: ClassVar[str] = "limit"  # the authors' README: to be chosen above the retain loss that a model starts with
    ranges: ClassVar[dict[str, tuple[float, float]]] = {
        "limit": NOT_NEGATIVE,
        "dual": NOT_NEGATIVE,
        "dual_rate": NOT_NEGATIVE,
        "dual_warmup": NOT_NEGATIVE,
    }

    limit: float = 0.3  # epsilon, nats per token; the authors' value on TOFU
    dual: float = 100.0  # lambda at the start; the authors' value on TOFU
    dual_rate: float = 5.0  # the authors' value on TOFU
    dual_warmup: int = 5  # epochs; the authors' value on TOFU

    def terms(self, model: nn.Module, batch: Batch) -> tuple[Tensor, Tensor]:
        """The logit margin on forget rows, and how far the retain loss is above its bound."""
        logits = answer_logits(model, batch.forget)  # [N, V]
        margin = (logits.amax(-1) - logits.mean(-1)).square()  # [N]
        return batch.forget.row_mean(margin).mean(), nll(model, batch.retain) - self.limit

    def loss(self, model: nn.Module, batch: Batch) -> Tensor:
        margin, excess = self.terms(model, batch)
        return margin + batch.state.get("dual", self.dual) * excess

    def gradient(
        self, model: nn.Module, batches: Callable[[], Iterator[tuple[Batch, float]]], backward: Callable[[Tensor], None]
    ) -> Tensor:
        total = mean_excess = torch.zeros(())
        for batch, share in batches():
            margin, excess = self.terms(model, batch)
            loss = (margin + batch.state.get("dual", self.dual) * excess) * share
            backward(loss)
            total = total.to(loss.device) + loss.detach()
            mean_excess = mean_excess.to(loss.device) + excess.detach() * share
        if batch.epoch >= self.dual_warmup:
            moved = batch.state.get("dual", self.dual) + self.dual_rate * mean_excess
            batch.state["dual"] = moved.clamp(min=0)
        return total
