"""Batches of a budget that adapts to the memory there is, and their way to the device."""

from __future__ import annotations

import ctypes
import gc
import warnings
from collections.abc import Callable
from contextlib import suppress

import torch
from torch import Tensor


def in_batches(count: int, run: Callable[[int, int], None], budget: int, size: Callable[[int, int], int]) -> None:
    """Call ``run(start, stop)`` until 0..count is done. Where memory runs out, the budget is halved for all that follows.

    Args:
        budget: of a batch, in tokens, rows or what ``size`` counts.
        size: (start, budget) -> how many items from ``start`` on are one batch; at least one is run.

    Raises:
        torch.OutOfMemoryError: memory does not even hold one item.
    """
    start, first = 0, True
    while start < count:
        items = max(1, min(size(start, budget), count - start))
        full = False
        try:
            run(start, start + items)
        except torch.OutOfMemoryError:
            if items == 1:
                raise
            full = True
        if not full:
            start += items
            give_freed_memory_back()
            continue
        # Out of the handler, where the error no longer holds the failed batch's tensors.
        while budget > 1 and min(size(start, budget), count - start) > items // 2:
            budget //= 2
        if first:
            warnings.warn(f"out of memory with {items} items in a batch; going on with smaller batches", stacklevel=2)
        first = False
        gc.collect()
        if torch.cuda.is_available():
            torch.cuda.empty_cache()


def give_freed_memory_back() -> None:
    """Of a CPU's batch, where the C library is glibc.

    It keeps what was freed, but the next batch's tensors are of slightly other sizes and find no place in it: without
    this, scoring grows to twice what its largest batch needs.
    """
    with suppress(AttributeError, OSError, TypeError):
        ctypes.CDLL(None).malloc_trim(0)


def to_device(tensor: Tensor, device: torch.device | str) -> Tensor:
    """The tensor on the device; to a GPU by pinned memory, so that the copy is not waited for."""
    if torch.device(device).type == "cuda" and tensor.device.type == "cpu":
        tensor = tensor.pin_memory()
    return tensor.to(device, non_blocking=True)
