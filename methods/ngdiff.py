"""NGDiff: gradient difference with both gradients at length one, so that neither loss drowns the other.

Bu et al. 2024, arXiv 2410.22086 (NAACL 2025):

    step = g_r / ||g_r|| - g_f / ||g_f||,    g_r, g_f gradients of NLL(retain) and NLL(forget)

with lengths over all trained parameters together, of the whole step's batch. "+autolr" also chooses how far to go: every
`interval` steps a parabola is laid through the retain loss L at three points along the optimiser's step d, and

    s <- s / 2 * (L(theta - s d) - L(theta + s d)) / (L(theta + s d) + L(theta - s d) - 2 L(theta))

is its lowest point (Bu and Xu 2024, arXiv 2407.02772, whose rule it is); until the next time a step is s * d. AdamW's step
is its learning rate times a direction, so s scales the scheduled learning rate. Where the parabola opens downwards or
its lowest point lies behind, s stays. Chosen here: s starts at 1 and changes by a factor of 10 at most, since the
three losses can lie within rounding of each other. Two forward passes of retain rows an interval are not counted.
Unconfirmed: a page on the paper and one on the rule's paper were read, the authors' code was not found.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from methods.base import Batch, Batches, Method, gradient_of, nll

VARIANTS = {"ngdiff": {}, "ngdiff+autolr": {"auto_lr": True}}


@dataclass(frozen=True)
class NGDiff(Method):
    paper: ClassVar[str] = "arXiv:2410.22086"
    status: ClassVar[str] = "unconfirmed"
    needs: ClassVar[tuple[str, ...]] = ("retain",)
    extra_forwards: ClassVar[int] = 1  # the retain rows

    auto_lr: bool = False  # whether the length of the step is chosen
    interval: int = 10  # optimiser steps between choices; a third party's
    most_change: float = 10.0  # factor by which one choice may lengthen or shorten the step; chosen here

    def loss(self, model: nn.Module, batch: Batch) -> Tensor:
        """The two losses; their gradients are brought to length one before they are added up."""
        return nll(model, batch.retain) - nll(model, batch.forget)

    def gradient(self, model: nn.Module, batches: Batches, backward: Callable[[Tensor], None]) -> Tensor:
        forget, forget_loss = gradient_of(lambda m, batch: nll(m, batch.forget), model, batches, backward)
        retain, retain_loss = gradient_of(lambda m, batch: nll(m, batch.retain), model, batches, backward)
        trained = [p for p in model.parameters() if p.requires_grad]
        for parameter, f, r in zip(trained, unit(forget), unit(retain), strict=True):
            parameter.grad = r - f
        if self.auto_lr:
            state = next(batches())[0].state
            state.update(before=[p.detach().clone() for p in trained], retain_loss=retain_loss)
        return retain_loss - forget_loss

    @torch.no_grad()
    def after_step(self, model: nn.Module, batches: Batches) -> None:
        if not self.auto_lr:
            return
        state = next(batches())[0].state
        trained, before = [p for p in model.parameters() if p.requires_grad], state.pop("before")
        step = torch._foreach_sub(trained, before)
        if not any(part.any() for part in step):  # no learning rate yet: nothing to scale
            return

        def go(scale: float) -> None:
            for parameter, start, part in zip(trained, before, step, strict=True):
                parameter.copy_(start + scale * part)

        def retain_loss(scale: float) -> float:
            go(scale)
            return sum((nll(model, batch.retain) * share).item() for batch, share in batches())

        scale, done = state.get("scale", 1.0), state.get("steps", 0)
        if done % self.interval == 0:
            now = state["retain_loss"].item()
            best = lowest(scale, retain_loss(-scale), now, retain_loss(scale))
            if best is not None:
                scale = min(max(best, scale / self.most_change), scale * self.most_change)
        state.update(scale=scale, steps=done + 1)
        go(scale)


def unit(gradient: list[Tensor]) -> list[Tensor]:
    """The gradient at length one, or zero if it is."""
    length = torch.stack([g.square().sum() for g in gradient]).sum().sqrt()
    return [g / length.clamp(min=torch.finfo(length.dtype).tiny) for g in gradient]


def lowest(scale: float, behind: float, now: float, ahead: float) -> float | None:
    """Where the parabola through three values, at -scale, 0 and scale, is lowest; None if not ahead."""
    curvature = ahead + behind - 2 * now
    return scale / 2 * (behind - ahead) / curvature if curvature > 0 and behind > ahead else None
