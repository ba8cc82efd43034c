"""RepSelect: one step against the forget rows, along directions that are theirs alone.

Sondej, Yang and Mahdi 2026, arXiv 2606.17168. Adapters are attached to the matrices W of the MLPs and trained on the
forget rows, one epoch of plain SGD on NLL; with them in place, G is the gradient of -NLL(forget) in W, summed over an
epoch's batches. The adapters are taken off, and

    G ~ U diag(s) V^T (its first components);    collapse(G) = G with component i divided by s_i / s_min,
    first on the side of the inputs (V), then of the outputs (U);    W <- W - a * collapse(G)

The large components are shared with other text and are spared: s_i becomes s_min^2 / s_i. a is the longest step that
keeps KL(fine-tuned || unlearned) within a budget, found by bisection. Checked against the authors' code
(filyp/open-unlearning@5955f30, RepSelectSimple with the search of RepSelectAdaptive). They take the KL on wikitext;
no unrelated text is part of this benchmark, so here it is on the answers of retain rows, which serve for nothing
else. Their 512 components are of 4096 (Llama-3.1-8B; they keep the number for smaller models); here a smaller matrix
gives up the same share, since with every component collapsed only the smallest would count. A row's tokens are
averaged, then rows.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from methods.base import Batch, Batches, Method, Models, UserError, kl_to_reference, nll

VARIANTS = {"repselect": {}}


@dataclass(frozen=True)
class RepSelect(Method):
    paper: ClassVar[str] = "arXiv:2606.17168"
    needs: ClassVar[tuple[str, ...]] = ("retain", "reference")
    trains: ClassVar[bool] = False
    weighs: ClassVar[str] = "budget"

    budget: float = 0.01  # nats per token; the authors' on wikitext
    components: int = 512  # that are collapsed; the authors'
    most_components: float = 0.125  # of a matrix's smaller side: 512 of the 4096 of the authors' model
    adapter_lr: float = 0.01  # of SGD; the authors' default (they search 0.005 to 0.5)
    adapter_rank: int = 8  # peft's default, with its scale of 1

    def unlearn(self, models: Models, steps: Callable[[], Iterator[Batches]]) -> dict[str, Tensor]:
        model = copy.deepcopy(models.reference).requires_grad_(False).eval()
        modules = [m for name, m in model.named_modules() if isinstance(m, nn.Linear) and ".mlp." in f".{name}."]
        if not modules:
            raise UserError(f"{type(model).__name__} has no matrices named mlp, which repselect changes")
        weights = [module.weight.requires_grad_() for module in modules]
        with torch.enable_grad(), adapted(modules, self.adapter_rank) as adapters:
            for batches in steps():
                gradient = forget_gradient(model, adapters, batches())
                with torch.no_grad():
                    torch._foreach_add_(adapters, gradient, alpha=-self.adapter_lr)
            rising = forget_gradient(model, weights, (pair for batches in steps() for pair in batches()))
        directions = [self.collapsed(-gradient) for gradient in rising]
        original = [weight.detach().clone() for weight in weights]

        def distance(step: float) -> float:
            for weight, start, direction in zip(weights, original, directions, strict=True):
                weight.copy_(start - step * direction)
            batches = (batch for batches in steps() for batch, _ in batches())
            divergences = [(kl_to_reference(model, b.reference, b.retain).item(), len(b.retain.index)) for b in batches]
            return sum(kl * rows for kl, rows in divergences) / sum(rows for _, rows in divergences)

        with torch.no_grad():
            distance(furthest(distance, self.budget))
        return {name: parameter.detach() for name, parameter in model.named_parameters()}

    def collapsed(self, gradient: Tensor) -> Tensor:
        """[M, K] the gradient with its first components s_i divided by (s_i / s_min)^2, once from each side."""
        count = max(1, min(self.components, int(min(gradient.shape) * self.most_components)))
        with torch.random.fork_rng(devices=[gradient.device] if gradient.is_cuda else []):
            torch.manual_seed(0)  # of the decomposition's random projections
            u, s, v = torch.svd_lowrank(gradient, q=count)  # [M, C], [C], [K, C]
        smallest = s.amin().clamp(min=torch.finfo(s.dtype).tiny)
        removed = 1 - 1 / (s / smallest).clamp(min=1)  # [C]
        gradient = gradient - (gradient @ v * removed) @ v.T
        return gradient - u @ (removed[:, None] * (u.T @ gradient))


def forget_gradient(
    model: nn.Module, parameters: Sequence[Tensor], batches: Iterator[tuple[Batch, float]]
) -> list[Tensor]:
    """Of NLL(forget) in each of the parameters, summed over the batches by their shares, float32."""
    total = [torch.zeros_like(parameter, dtype=torch.float32) for parameter in parameters]
    for batch, share in batches:
        torch._foreach_add_(total, torch.autograd.grad(nll(model, batch.forget) * share, parameters))
    return total


@contextmanager
def adapted(modules: Sequence[nn.Linear], rank: int) -> Iterator[list[Tensor]]:
    """Inside, each module adds a product of two low-rank matrices (LoRA), which is zero at first; given as one list."""
    generator, parts, hooks = torch.Generator().manual_seed(0), [], []
    for module in modules:
        bound = 1 / math.sqrt(module.in_features)  # peft's start: uniform
        down = (torch.rand(rank, module.in_features, generator=generator) * 2 - 1) * bound
        a = down.to(module.weight.device).requires_grad_()  # [R, K]
        b = torch.zeros(module.out_features, rank, device=a.device, requires_grad=True)  # [M, R]

        def add(module: nn.Module, args: tuple, out: Tensor, a: Tensor = a, b: Tensor = b) -> Tensor:
            return out + (args[0].to(a.dtype) @ a.T @ b.T).to(out.dtype)

        parts += [a, b]
        hooks.append(module.register_forward_hook(add))
    try:
        yield parts
    finally:
        for hook in hooks:
            hook.remove()


def furthest(distance: Callable[[float], float], budget: float) -> float:
    """The longest step whose distance is within the budget, to a twentieth of it; the authors' search and constants."""
    within, beyond, step = 0.0, math.inf, 0.05
    for _ in range(30):
        length = distance(step)
        if 0.95 * budget <= length <= budget:
            return step
        if length <= budget:  # False for nan
            within = step
        else:
            beyond = step
        step = step * 8 if beyond == math.inf else step / 8 if within == 0 else math.sqrt(within * beyond)
    raise UserError(f"no step takes the model as far as the budget, {budget} nats a token on retained answers")
