"""SAGO and PCGrad: forget and retain gradients combined so that the one does not work against the other.

arXiv 2604.14808 (ACL 2026), with g_f the gradient of any forget loss and g_r that of NLL(retain), for each weight (SAGO)
or for each parameter tensor (PCGrad, module-wise, after Yu et al. 2020, arXiv 2001.06782):

    sago      step = retain_weight * g_r where the signs of g_f and g_r differ, else forget_weight * g_f
    pcgrad    step = retain_weight * g_r + forget_weight * (g_f - min(0, <g_f, g_r>) / <g_r, g_r> * g_r)

A gradient of zero counts as agreement. So SAGO follows one of the two at every weight, never their sum. Checked against
the authors' code (sustech-nlp/SAGO@2363ee7), published on WMDP and RWKU; the gradients are those of the whole step's
batch, as there. The forget loss is gradient ascent's or NPO's (the paper has SimNPO too).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Literal

import torch
from torch import Tensor, nn

from methods.base import Batch, Batches, Method, Models, Tokens, UserError, WithRetain, gradient_of, nll
from methods.grad_ascent import GradAscent
from methods.npo import NPO

VARIANTS = {
    "sago": {},
    "sago_npo": {"forget": "npo"},
    "pcgrad": {"rule": "pcgrad"},
    "pcgrad_npo": {"rule": "pcgrad", "forget": "npo"},
}


@dataclass(frozen=True)
class SAGO(Method):
    paper: ClassVar[str] = "arXiv:2604.14808"
    needs: ClassVar[tuple[str, ...]] = ("retain",)
    extra_forwards: ClassVar[int] = 1  # the retain rows
    weighs: ClassVar[str] = "forget_weight"

    rule: Literal["sago", "pcgrad"] = "sago"  # how the two gradients are combined
    forget: Literal["ga", "npo"] = "ga"  # the forget loss
    forget_weight: float = 1.0  # gamma; the authors' default (their scripts try 0.1, 0.5 and 1)
    retain_weight: float = 1.0  # alpha; the same
    beta: float = 0.1  # NPO's inverse temperature, per nat

    def __post_init__(self) -> None:
        if self.rule not in ("sago", "pcgrad"):
            raise UserError(f"rule must be 'sago' or 'pcgrad', not {self.rule!r}")
        if self.forget not in ("ga", "npo"):
            raise UserError(f"forget must be 'ga' or 'npo', not {self.forget!r}")

    def forgetting(self) -> WithRetain:
        """The method whose forget loss is used."""
        return NPO(beta=self.beta) if self.forget == "npo" else GradAscent()

    def prepare(self, models: Models, tokens: Tokens) -> dict[str, Tensor]:
        return self.forgetting().prepare(models, tokens)

    def forget_loss(self, model: nn.Module, batch: Batch) -> Tensor:
        return self.forgetting().forget_loss(model, batch)

    def retain_loss(self, model: nn.Module, batch: Batch) -> Tensor:
        return nll(model, batch.retain)

    def loss(self, model: nn.Module, batch: Batch) -> Tensor:
        """What a step would descend if the gradients were added up."""
        return self.forget_weight * self.forget_loss(model, batch) + self.retain_weight * self.retain_loss(model, batch)

    def gradient(self, model: nn.Module, batches: Batches, backward: Callable[[Tensor], None]) -> Tensor:
        forget, forget_total = gradient_of(self.forget_loss, model, batches, backward)
        retain, retain_total = gradient_of(self.retain_loss, model, batches, backward)
        trained = [p for p in model.parameters() if p.requires_grad]
        for parameter, f, r in zip(trained, forget, retain, strict=True):
            parameter.grad = self.combined(f, r)
        return self.forget_weight * forget_total + self.retain_weight * retain_total

    def combined(self, f: Tensor, r: Tensor) -> Tensor:
        """The step along one parameter, of its forget and its retain gradient."""
        if self.rule == "sago":
            return torch.where(f.sign() * r.sign() < 0, self.retain_weight * r, self.forget_weight * f)
        factor = (f * r).sum().clamp(max=0) / r.square().sum().clamp(min=torch.finfo(r.dtype).tiny)
        return self.retain_weight * r + self.forget_weight * (f - factor * r)
