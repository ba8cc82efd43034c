"""SAM-NPO: NPO at the worst weights within a small distance, so that relearning finds no sharp way back.

Fan et al. 2025, arXiv 2502.05374: sharpness-aware minimisation of the forget loss only,

    step = grad L_forget(theta + rho * g / ||g||) + grad NLL(retain) at theta,    g = grad L_forget(theta)

with L_forget = NPO's loss (npo.py). The step was checked against the authors' code (OPTML-Group/Unlearn-Smooth,
`MUSE/baselines/baselines/sam_iterative.py`, rho 0.01). It has no TOFU run: for WMDP it takes mean NLL in NPO's loss,
weight 2.25, beta 0.015; for MUSE NPO's ratio is of raw logits at all positions. Here NPO's loss and beta are those of
TOFU. The authors take the moved weights back by subtraction; here they come back from a copy, exactly. The norm is
taken over all trained parameters together, of the whole step's batch (theirs: of the micro-batch).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import ClassVar, Literal

import torch
from torch import Tensor, nn

from methods.base import NOT_NEGATIVE, Batch, take_gradient
from methods.npo import NPO

VARIANTS = {"sam_npo": {}}


@dataclass(frozen=True)
class SAMNPO(NPO):
    # Listings read this file without importing it, so inherited values are repeated here.
    paper: ClassVar[str] = "arXiv:2502.05374"
    needs: ClassVar[tuple[str, ...]] = ()
    extra_forwards: ClassVar[int] = 1  # the forget rows again, at the worst weights
    ranges: ClassVar[dict[str, tuple[float, float]]] = {"rho": NOT_NEGATIVE}

    rho: float = 0.01  # distance in weight space; the authors' default
    retain: Literal["none", "rt", "kl"] = "rt"  # the paper's NPO has the retain term

    def gradient(
        self, model: nn.Module, batches: Callable[[], Iterator[tuple[Batch, float]]], backward: Callable[[Tensor], None]
    ) -> Tensor:
        trained = [p for p in model.parameters() if p.requires_grad]
        for batch, share in batches():
            backward(self.forget_loss(model, batch) * share)
        towards = take_gradient(model)
        length = torch.stack([g.square().sum() for g in towards]).sum().sqrt()
        scale = self.rho / length.clamp(min=torch.finfo(length.dtype).tiny)
        kept = [p.detach().clone() for p in trained]
        total = 0.0
        with torch.no_grad():
            torch._foreach_add_(trained, torch._foreach_mul(towards, scale))
        try:
            for batch, share in batches():
                loss = self.forget_loss(model, batch) * share
                backward(loss)
                total = total + loss.detach()
        finally:
            with torch.no_grad():
                for parameter, value in zip(trained, kept, strict=True):
                    parameter.copy_(value)
        if self.retain != "none":
            for batch, share in batches():
                loss = self.retain_weight * self.retain_loss(model, batch) * share
                backward(loss)
                total = total + loss.detach()
        return total
