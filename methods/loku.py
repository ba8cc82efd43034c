"""LoKU: the inverted hinge loss on low-rank adapters that start where the forget rows matter.

Cha et al. 2024, arXiv 2408.06621 (ICLR 2025): the loss of ihl.py, and "FILA", an initialisation of the
adapters of a recipe with LoRA. For each adapted weight W [out, in], with F the mean squared gradient of the
NLL on forget and on retain rows:

    r = sqrt(sum over inputs of F_forget / (F_retain + epsilon))                          [out]
    B A = the best rank-k approximation of W, rows weighted by r;  W <- W - scaling * B A

so training moves the part of W that forgetting needs, and starts from the same function. Checked against
the authors' code (TOFU/forget.py, measure_importance.py). Chosen here: F comes from the first step's rows,
where the authors spend an epoch on it; r is scaled to mean 1, which leaves B A as it is and keeps A and B
of like size. Without LoRA in the recipe this is IHL.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import ClassVar, Literal

import torch
from torch import Tensor, nn

from methods.base import Batch, Tokens, nll
from methods.ihl import IHL

VARIANTS = {"loku": {}}
Batches = Callable[[], Iterator[tuple[Batch, float]]]


@dataclass(frozen=True)
class LoKU(IHL):
    # Listings read a file without importing it, so what is inherited is said again.
    paper: ClassVar[str] = "arXiv:2408.06621"
    needs: ClassVar[tuple[str, ...]] = ("retain",)

    retain: Literal["none", "rt", "kl"] = "rt"  # as in the paper
    epsilon: float = 1e-5  # added to F_retain, nats squared per weight squared; the authors' code

    def gradient(self, model: nn.Module, batches: Batches, backward: Callable[[Tensor], None]) -> Tensor:
        state = next(batches())[0].state
        if not state.get("initialised"):
            initialise(model, batches, self.epsilon)
            state["initialised"] = True
        return super().gradient(model, batches, backward)


def initialise(model: nn.Module, batches: Batches, epsilon: float) -> None:
    """Give every adapter of the model its Fisher-weighted part of the weight that it stands beside."""
    adapted = [module for module in model.modules() if hasattr(module, "lora_A")]
    layers = [layer for layer in adapted if isinstance(layer.get_base_layer(), nn.Linear)]
    if not layers:
        return
    weights = [layer.get_base_layer().weight for layer in layers]
    forget = squared_gradients(model, weights, ((batch.forget, share) for batch, share in batches()))
    retain = squared_gradients(model, weights, ((batch.retain, share) for batch, share in batches()))
    for layer, weight, f, r in zip(layers, weights, forget, retain, strict=True):
        importance = (f / (r + epsilon)).sum(1).sqrt()  # [out]
        for name, a in layer.lora_A.items():
            scaling = layer.scaling[name]
            new_b, new_a = weighted_factors(weight.data.float(), importance, a.weight.shape[0])
            layer.lora_A[name].weight.data.copy_(new_a / scaling**0.5)
            layer.lora_B[name].weight.data.copy_(new_b / scaling**0.5)
            weight.data -= (new_b @ new_a).to(weight.dtype)


def squared_gradients(model: nn.Module, weights: list[Tensor], rows: Iterator[tuple[Tokens, float]]) -> list[Tensor]:
    """The mean over micro-batches of the squared gradient of the NLL in each weight."""
    found = [torch.zeros_like(w) for w in weights]
    for weight in weights:
        weight.requires_grad_(True)  # frozen beside its adapter
    for tokens, share in rows:
        for total, grad in zip(found, torch.autograd.grad(nll(model, tokens), weights), strict=True):
            total += share * grad**2
    for weight in weights:
        weight.requires_grad_(False)
    return found


def weighted_factors(weight: Tensor, importance: Tensor, rank: int) -> tuple[Tensor, Tensor]:
    """B [out, rank] and A [rank, in], with the product nearest to the weight [out, in], its rows weighted."""
    scale = (importance / importance.mean().clamp(min=1e-30)).clamp(min=1e-6).unsqueeze(1)  # [out, 1]
    u, s, v = torch.svd_lowrank(scale * weight, q=min(rank + 8, *weight.shape), niter=4)
    u, root, v = u[:, :rank], s[:rank].sqrt(), v[:, :rank]
    return u * root / scale, (v * root).T
