"""ATWU: gradient ascent on the forget tokens that a small scorer, trained alongside, picks out.

Yüce, Nikolaou and Flammarion 2026, arXiv 2606.06320 ("Alternating Token-Weighted Unlearning"). At answer token t with last
hidden state h_t (a constant) and l_t = -log p_t, a linear scorer gives g_t = sigmoid(w h_t + b), and

    loss = -forget_weight * mean of stop-gradient(exp(-saturation * g_t * l_t) * g_t) * l_t + retain_weight * NLL(retain)

so that tokens already forgotten fade out. Every fifth step the scorer takes an SGD step on

    -mean of stop-gradient(exp(...)) * g_t * l_t + mean binary entropy of g + 10 * mean over rows of (n - budget)^2 + |w, b|^2

with n the share of a row's tokens with g_t > 1/2 (passed straight through in the gradient). Checked against the authors'
code (giorgosnikolaou/open-unlearning@d8eba63, SBGradDiffMatched; an older commit has a softmax over the row and no
regulariser). Chosen here: tokens are averaged within a row, then rows; the scorer's rate is constant (the authors'
falls linearly) and it moves after the model, on the same forward pass. The model's weights alone are deployed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import torch
from torch import Tensor, nn

from methods.base import Batch, Batches, Tokens, UserError, WithRetain, token_logprobs, unwrap

VARIANTS = {"atwu": {}}


@dataclass(frozen=True)
class ATWU(WithRetain):
    paper: ClassVar[str] = "arXiv:2606.06320"
    needs: ClassVar[tuple[str, ...]] = ()
    weighs: ClassVar[str] = "forget_weight"

    retain: Literal["none", "rt", "kl"] = "rt"  # the authors'
    forget_weight: float = 1.0  # gamma; the authors' default (they search 0.1 to 5, as for the retain term's)
    saturation: float = 5.0  # beta, per nat; the authors' default (they search 0.1 to 10)
    scorer_every: int = 5  # optimiser steps to one of the scorer; the authors' on TOFU
    scorer_lr: float = 0.05  # of SGD with momentum 0.9, weight decay 1e-4, gradient clipped to 1; the authors' default
    entropy_weight: float = 1.0  # per nat; the authors' on TOFU
    budget_weight: float = 10.0  # the authors' on TOFU
    budget: float = 0.2  # share of a row's tokens that are to be picked out; the authors' on TOFU
    norm_weight: float = 1.0  # of the scorer's squared length; the authors' on TOFU

    def forget_loss(self, model: nn.Module, batch: Batch) -> Tensor:
        return self.terms(model, batch)[0]

    def gradient(self, model: nn.Module, batches: Batches, backward: Callable[[Tensor], None]) -> Tensor:
        total = torch.zeros(())
        for batch, share in batches():
            forget, scoring = self.terms(model, batch)
            loss = forget if self.retain == "none" else forget + self.retain_weight * self.retain_loss(model, batch)
            backward(loss * share)
            total = total.to(loss.device) + (loss * share).detach()
            if (batch.state["steps"] + 1) % self.scorer_every == 0:
                (scoring * share).backward()
        batch.state["steps"] += 1
        if batch.state["steps"] % self.scorer_every == 0:
            nn.utils.clip_grad_norm_(batch.state["scorer"], 1.0)
            batch.state["optimizer"].step()
            batch.state["optimizer"].zero_grad()
        return total

    def terms(self, model: nn.Module, batch: Batch) -> tuple[Tensor, Tensor]:
        """The model's forget loss and the scorer's, of one forward pass."""
        log_p, hidden = read(model, batch.forget)  # [N], [N, D]
        weight, bias = self.scorer(batch.state, hidden)
        score = torch.sigmoid((hidden * weight).sum(-1) + bias)  # [N] in float32 under autocast too
        mean = batch.forget.row_mean
        faded = (self.saturation * score * log_p).detach().exp()  # [N]
        forget = self.forget_weight * mean(faded * score.detach() * log_p).mean()
        unsure = score.clamp(1e-6, 1 - 1e-6)  # as the authors do: at 0 and 1 the slope would be nan
        entropy = mean(torch.special.entr(unsure) + torch.special.entr(1 - unsure)).mean()
        picked = mean((score > 0.5).float() - score.detach() + score)  # [B]
        scoring = (
            mean(faded * score * log_p.detach()).mean()
            + self.entropy_weight * entropy
            + self.budget_weight * (picked - self.budget).square().mean()
            + self.norm_weight * (weight.square().sum() + bias.square())
        )
        return forget, scoring

    def scorer(self, state: dict[str, Any], hidden: Tensor) -> list[Tensor]:
        """Its weight [D] and bias, kept from step to step; zero at first."""
        if "scorer" not in state:
            scorer = [hidden.new_zeros(shape, requires_grad=True) for shape in (hidden.shape[-1:], ())]
            state.update(scorer=scorer, steps=0)
            state["optimizer"] = torch.optim.SGD(scorer, lr=self.scorer_lr, momentum=0.9, weight_decay=1e-4)
        return state["scorer"]


def read(model: nn.Module, tokens: Tokens) -> tuple[Tensor, Tensor]:
    """[N] log p of every answer token, and [N, D] the last hidden state at that token, detached, float32."""
    head, seen = unwrap(model).get_output_embeddings(), []
    if head is None:
        raise UserError(f"{type(unwrap(model)).__name__} does not show its output head, at which atwu reads")
    hook = head.register_forward_pre_hook(lambda module, args: seen.append(args[0].detach()))  # of all positions
    try:
        log_p = token_logprobs(model, tokens)
    finally:
        hook.remove()
    return log_p, seen[0][tokens.row, tokens.column].float()
