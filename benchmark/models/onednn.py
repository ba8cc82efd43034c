"""oneDNN's products for a model's linear layers on a CPU, forward and backward.

Torch takes MKL's float32 products, which on the AMD processor measured take about twice as long as oneDNN's; Intel's
were not measured. Both are float32, with sums in another order. The operator is private to torch and may change, so it
is tried before any layer uses it.
"""

from __future__ import annotations

import os
from functools import cache
from typing import Any

import torch
from torch import Tensor, nn

# oneDNN writes code for every shape and keeps it, half a MiB each: for 1,024 shapes unless told otherwise. Writing it
# anew costs a training step of ever new widths a tenth at most. Read at the first product.
os.environ.setdefault("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "64")

LARGEST_TRANSPOSED = 2**23  # elements: above it oneDNN's reading of transposed factors costs more than it gains


def product(inputs: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """[..., I], [O, I], [O] -> [..., O]."""
    bias = None if bias is None else bias.contiguous()  # the operator does not look at its stride
    return torch.ops.mkldnn._linear_pointwise(inputs, weight, bias, "none", [], "")


class _Differentiable(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, inputs: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        of_inputs, of_weight, _ = ctx.needs_input_grad
        ctx.save_for_backward(inputs if of_weight else None, weight if of_inputs else None)
        return product(inputs, weight, bias)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        inputs, weight = ctx.saved_tensors
        of_inputs = of_weight = of_bias = None
        again = torch.is_grad_enabled()  # this gradient is to be differentiated itself: torch's own products can be
        if ctx.needs_input_grad[0]:
            of_inputs = gradient @ weight if again else product(gradient, weight.t())
        flat = gradient.flatten(0, -2)  # [N, O]
        if ctx.needs_input_grad[1]:
            rows = inputs.flatten(0, -2)  # [N, I]
            small = flat.numel() <= LARGEST_TRANSPOSED and not again
            of_weight = product(flat.t(), rows.t()) if small else flat.t() @ rows
        if ctx.needs_input_grad[2]:
            of_bias = flat.sum(0)
        return of_inputs, of_weight, of_bias


class Linear(nn.Linear):
    """A linear layer with oneDNN's product where it is in float32 on a CPU."""

    def forward(self, inputs: Tensor) -> Tensor:
        plain = inputs.dtype != torch.float32 or self.weight.dtype != torch.float32 or inputs.device.type != "cpu"
        odd = inputs.ndim < 2 or not inputs.numel() or not self.weight.numel()
        if plain or odd or torch.is_autocast_enabled("cpu"):
            return super().forward(inputs)
        if torch.is_grad_enabled():
            return _Differentiable.apply(inputs, self.weight, self.bias)
        return product(inputs, self.weight, self.bias)


def use_onednn(model: nn.Module, use: bool = True) -> nn.Module:
    """Give all of a model's plain linear layers oneDNN's product, or with ``use=False`` torch's own again.

    Only the layers' class changes: parameters, names and saved files stay as they are.
    """
    before, after = (nn.Linear, Linear) if use else (Linear, nn.Linear)
    if use and not available():
        return model
    for module in model.modules():
        if type(module) is before:
            module.__class__ = after
    return model


@cache
def available() -> bool:
    """Whether torch has the operator and it gives what it should."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        inputs, weight, gradient = torch.randn(6, 5), torch.randn(4, 5), torch.randn(6, 4)
    try:
        pairs = [
            (product(inputs, weight), inputs @ weight.t()),
            (product(gradient, weight.t()), gradient @ weight),
            (product(gradient.t(), inputs.t()), gradient.t() @ inputs),
        ]
    except (AttributeError, RuntimeError, TypeError):
        return False
    return all(torch.allclose(found, expected, rtol=1e-5, atol=1e-5) for found, expected in pairs)
