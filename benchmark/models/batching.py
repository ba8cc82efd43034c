"""Batches of a budget that adapts to the memory there is, and their way to the device."""

from __future__ import annotations

import ctypes
import gc
import warnings
from collections.abc import Callable
from contextlib import suppress

import torch
from torch import Tensor

from benchmark.models.ranks import in_group


def in_batches(count: int, run: Callable[[int, int], None], budget: int, size: Callable[[int, int], int]) -> None:
    """Call ``run(start, stop)`` for one batch after another until items 0 to ``count`` are done.

    Where memory runs out, the budget is halved for this and all later batches.

    Args:
        budget: the size of a batch, in tokens, rows or whatever ``size`` counts.
        size: (start, budget) -> how many items from ``start`` on make one batch; at least one is run.

    Raises:
        torch.OutOfMemoryError: memory does not even hold one item, or it ran out on one rank of several.
    """
    start, first = 0, True
    while start < count:
        items = max(1, min(size(start, budget), count - start))
        full = False
        try:
            run(start, start + items)
        except torch.OutOfMemoryError:
            if items == 1 or in_group():  # the other ranks of a sharded model go on, and would wait for this one
                raise
            full = True
        if not full:
            start += items
            give_freed_memory_back()
            continue
        # Outside the handler, since the error holds the failed batch's tensors.
        while budget > 1 and min(size(start, budget), count - start) > items // 2:
            budget //= 2
        if first:
            warnings.warn(f"out of memory with {items} items in a batch; going on with smaller batches", stacklevel=2)
        first = False
        gc.collect()
        if torch.cuda.is_available():
            torch.cuda.empty_cache()


def give_freed_memory_back() -> None:
    """Let glibc return the memory that a batch on a CPU has freed; other C libraries are left alone.

    glibc keeps freed memory, but the next batch's tensors have slightly other sizes and do not fit into it: without
    this call, scoring grows to twice what its largest batch needs.
    """
    with suppress(AttributeError, OSError, TypeError):
        ctypes.CDLL(None).malloc_trim(0)


def to_device(tensor: Tensor, device: torch.device | str) -> Tensor:
    """The tensor on the device. It goes to a GPU by way of pinned memory, so that nobody waits for the copy."""
    if torch.device(device).type == "cuda" and tensor.device.type == "cpu":
        tensor = tensor.pin_memory()
    return tensor.to(device, non_blocking=True)
