"""A cheap checksum of a model in memory: whether something has changed it since it was loaded."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from benchmark.models.ranks import everyones
from benchmark.models.sharding import local


def fingerprint(model: nn.Module) -> tuple[int, ...]:
    """A number for each parameter and buffer, and how each module stands (training or evaluation).

    Equal bytes give equal fingerprints, and any one changed value another; it reads the weights once, on their device, and
    is no cryptographic hash. Of a sharded model it is that of all ranks' parts. ``Tensor._version`` would be free, but writes through ``.data`` do not raise it.
    """
    with torch.no_grad():
        sums = [_checksum(local(tensor.detach())) for _, tensor in sorted(_tensors(model).items())]
    own = (*sums, *(int(module.training) for module in model.modules()))
    return tuple(number for part in everyones(own) for number in part)


def _tensors(model: nn.Module) -> dict[str, Tensor]:
    return dict(model.named_parameters()) | dict(model.named_buffers())


def _checksum(tensor: Tensor) -> int:
    """Of the bytes, as whole numbers: each row's sum, rows weighted by their place, modulo 2^64."""
    if tensor.numel() == 0:
        return 0
    # Never as whole numbers of 64 bits: there the signs of an even number of values would cancel in the sum.
    whole = {1: torch.uint8, 2: torch.int16}.get(tensor.element_size(), torch.int32)
    numbers = tensor.contiguous().reshape(-1).view(whole)
    rows = numbers.reshape(len(tensor) if tensor.dim() else 1, -1).sum(1, dtype=torch.int64)
    return int((rows * torch.arange(1, 2 * len(rows), 2, device=rows.device)).sum())
