"""oneDNN's matrix products for a model's linear layers on a CPU, forward and backward.

Torch takes MKL's float32 products. On an AMD processor with AVX-512 they take about twice as long as oneDNN's; on a
processor with AVX2 only, a training step is 10 to 25 % slower with oneDNN's. Both are float32, but they sum in another
order, so that results differ in their last digits. The choice therefore follows from the processor and never from a
timing: the same machine always gives the same numbers. oneDNN's operator is private to torch and may change, so it is
tried before any layer uses it.
"""

from __future__ import annotations

import os
import platform
from functools import cache
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor, nn

from benchmark.common.errors import UserError

Choice = Literal["auto", "onednn", "mkl"]  # "mkl": whatever torch itself takes

CPUINFO = Path("/proc/cpuinfo")
KERNELS_KEPT = "64"  # oneDNN compiles code for each shape and keeps it, half a MiB each, for 1,024 shapes by default
LARGEST_TRANSPOSED = 2**23  # elements: above it oneDNN loses more by reading transposed factors than it gains


def wanted(choice: Choice = "auto") -> bool:
    """Whether a model's linear layers are to take oneDNN's products on this machine.

    "auto" takes them on AMD processors with AVX-512, where they were measured to win. All others keep torch's default;
    Intel's too, which were not measured, since MKL is made by Intel and tuned for them.

    Raises:
        UserError: "onednn" is asked for and this torch does not have its product.
    """
    if choice == "auto":
        return torch.backends.cpu.get_cpu_capability() == "AVX512" and vendor() == "AuthenticAMD" and available()
    if choice == "onednn" and not available():
        raise UserError("this version of torch has no oneDNN product for linear layers; use auto or mkl instead")
    return choice == "onednn"


def kernel_name(choice: Choice = "auto") -> str:
    """The library whose float32 products such a choice gives on this machine, for a run's provenance.

    Raises:
        UserError: as ``wanted``.
    """
    if wanted(choice):
        return "onednn"
    return "mkl" if torch.backends.mkl.is_available() else f"torch ({platform.machine()})"


@cache
def vendor() -> str:
    """The processor's maker as Linux names it ("AuthenticAMD", "GenuineIntel"); empty where it does not."""
    try:
        lines = CPUINFO.read_text().splitlines()
    except OSError:
        return ""
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("vendor_id")), "")


def product(inputs: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """[..., I], [O, I], [O] -> [..., O]."""
    bias = None if bias is None else bias.contiguous()  # the operator does not look at its stride
    return torch.ops.mkldnn._linear_pointwise(inputs, weight, bias, "none", [], "")


class _Differentiable(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, inputs: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        needs_inputs, needs_weight, _ = ctx.needs_input_grad
        ctx.save_for_backward(inputs if needs_weight else None, weight if needs_inputs else None)
        return product(inputs, weight, bias)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        inputs, weight = ctx.saved_tensors
        inputs_gradient = weight_gradient = bias_gradient = None
        again = torch.is_grad_enabled()  # the gradient itself will be differentiated, which torch's own products allow
        if ctx.needs_input_grad[0]:
            inputs_gradient = gradient @ weight if again else product(gradient, weight.t())
        flat = gradient.flatten(0, -2)  # [N, O]
        if ctx.needs_input_grad[1]:
            rows = inputs.flatten(0, -2)  # [N, I]
            small = flat.numel() <= LARGEST_TRANSPOSED and not again
            weight_gradient = product(flat.t(), rows.t()) if small else flat.t() @ rows
        if ctx.needs_input_grad[2]:
            bias_gradient = flat.sum(0)
        return inputs_gradient, weight_gradient, bias_gradient


class Linear(nn.Linear):
    """A linear layer that takes oneDNN's product for float32 on a CPU, and torch's own for everything else."""

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

    Only the layers' class changes: parameters, names and saved files stay as they are. Nothing changes where torch
    has no such product. ``use_onednn(model, wanted())`` decides by the processor.
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
    # oneDNN reads this at its first product. Where each step has another width, compiling anew costs a tenth at most.
    os.environ.setdefault("ONEDNN_PRIMITIVE_CACHE_CAPACITY", KERNELS_KEPT)
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
    return all(torch.allclose(ours, torchs, rtol=1e-5, atol=1e-5) for ours, torchs in pairs)
