"""LoKU: the inverted hinge loss on low-rank adapters that start where the forget rows matter.

Cha et al. 2024, arXiv 2408.06621 (ICLR 2025): the loss of ihl.py, and "FILA", an initialisation of the
adapters where the recipe has LoRA. For each adapted weight W [out, in], with F the squared gradient of a batch's NLL (a
mean over its tokens), averaged over the batches of an epoch by their tokens, on forget and on retain rows:

    r = sqrt(sum over inputs of F_forget / (F_retain + epsilon))                          [out]
    B A = the best rank-k approximation of W, rows weighted by r;  W <- W - scaling * B A

so training moves the part of W that forgetting needs, and starts from the same function. Checked against
the authors' code (csm9493/efficient-llm-unlearning, TOFU/forget.py, measure_importance.py). F's batches have
`fisher_batch` rows, however the recipe's are split. Chosen here: r is scaled to mean 1, which leaves B A as it is and
keeps A and B of similar size. Without LoRA in the recipe this is IHL.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import ClassVar, Literal

import torch
from torch import Tensor, nn

from methods.base import AT_LEAST_ONE, POSITIVE, Batch, Tokens, token_logprobs
from methods.ihl import IHL

VARIANTS = {"loku": {}}


@dataclass(frozen=True)
class LoKU(IHL):
    # Listings read this file without importing it, so inherited values are repeated here.
    paper: ClassVar[str] = "arXiv:2408.06621"
    needs: ClassVar[tuple[str, ...]] = ("retain",)
    ranges: ClassVar[dict[str, tuple[float, float]]] = {"epsilon": POSITIVE, "fisher_batch": AT_LEAST_ONE}

    retain: Literal["none", "rt", "kl"] = "rt"  # as in the paper
    epsilon: float = 1e-5  # added to F_retain, nats squared per weight squared; the authors' code
    fisher_batch: int = 4  # rows of a squared gradient; the authors' script

    def begin(self, model: nn.Module, epoch: Callable[[int], Iterator[Batch]]) -> None:
        initialise(model, lambda: epoch(self.fisher_batch), self.epsilon)


def initialise(model: nn.Module, batches: Callable[[], Iterator[Batch]], epsilon: float) -> None:
    """Start every adapter of the model at the Fisher-weighted part of the weight that it adapts."""
    adapted = [module for module in model.modules() if hasattr(module, "lora_A")]
    layers = [layer for layer in adapted if isinstance(layer.get_base_layer(), nn.Linear)]
    if not layers:
        return
    weights = [layer.get_base_layer().weight for layer in layers]
    forget = squared_gradients(model, weights, (batch.forget for batch in batches()))
    retain = squared_gradients(model, weights, (batch.retain for batch in batches()))
    for layer, weight, f, r in zip(layers, weights, forget, retain, strict=True):
        importance = (f / (r + epsilon)).sum(1).sqrt()  # [out]
        for name, a in layer.lora_A.items():
            scaling = layer.scaling[name]
            new_b, new_a = weighted_factors(weight.data.float(), importance, a.weight.shape[0])
            layer.lora_A[name].weight.data.copy_(new_a / scaling**0.5)
            layer.lora_B[name].weight.data.copy_(new_b / scaling**0.5)
            weight.data -= (new_b @ new_a).to(weight.dtype)


def squared_gradients(model: nn.Module, weights: list[Tensor], batches: Iterator[Tokens]) -> list[Tensor]:
    """For each weight the squared gradient of the batch's NLL, averaged over the batches by their tokens."""
    totals, count = [torch.zeros_like(w) for w in weights], 0
    for weight in weights:
        weight.requires_grad_(True)  # frozen beside its adapter
    for tokens in batches:
        n = len(tokens.row)
        loss = -token_logprobs(model, tokens).mean()
        for total, grad in zip(totals, torch.autograd.grad(loss, weights), strict=True):
            total += n * grad**2
        count += n
    for weight in weights:
        weight.requires_grad_(False)
    return [total / count for total in totals]


def weighted_factors(weight: Tensor, importance: Tensor, rank: int) -> tuple[Tensor, Tensor]:
    """B [out, rank] and A [rank, in] whose product is nearest to the weight [out, in], rows weighted by importance."""
    scale = (importance / importance.mean().clamp(min=1e-30)).clamp(min=1e-6).unsqueeze(1)  # [out, 1]
    u, s, v = torch.svd_lowrank(scale * weight, q=min(rank + 8, *weight.shape), niter=4)
    u, root, v = u[:, :rank], s[:rank].sqrt(), v[:, :rank]
    return u * root / scale, (v * root).T
