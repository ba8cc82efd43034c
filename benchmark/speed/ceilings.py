"""What the machine can do, and what share of it a phase reaches.

Both ceilings are measured here and now, in the model's dtype and with torch's settings as the model runs under them,
not read off a data sheet.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch

from benchmark.models import onednn
from benchmark.speed.watch import Cost
from benchmark.speed.work import Work

SECONDS = {"cpu": 1.0, "cuda": 0.5}  # that measuring each ceiling takes
SIZES = {"cpu": (1024, 1536, 2048), "cuda": (4096, 8192)}  # of the square matrices that are multiplied
BUFFER = {"cpu": 2**29, "cuda": 2**32}  # bytes: far more than the caches hold
TOGETHER = {"cpu": 1, "cuda": 8}  # calls between two waits, so that a GPU does not idle while the next is launched


@dataclass(frozen=True)
class Ceilings:
    """FLOP/s of a matrix product and bytes/s of memory, the best that was measured."""

    matmul: float
    bandwidth: float


def shares(phase: str, cost: Cost, work: Work, ceilings: Ceilings) -> dict[str, float]:
    """Share (0 to 1) of the "matmul" ceiling, and for generation of the "bandwidth" ceiling too.

    The share of the bandwidth may exceed 1, since a small model's weights stay in the caches.
    """
    seconds = max(cost.seconds, 1e-9)  # a phase may take no time at all
    reached = {"matmul": work.flops(cost) / seconds / ceilings.matmul}
    if phase == "generation":
        reached["bandwidth"] = work.bytes(cost) / seconds / ceilings.bandwidth
    return reached


def measure(device: str, dtype: torch.dtype, seconds: float | None = None) -> Ceilings:
    """Both ceilings of the device, each in about ``seconds`` (None: ``SECONDS``)."""
    seconds = SECONDS[torch.device(device).type] if seconds is None else seconds
    return Ceilings(matmul_ceiling(device, dtype, seconds), bandwidth_ceiling(device, seconds))


@torch.inference_mode()
def matmul_ceiling(device: str, dtype: torch.dtype, seconds: float) -> float:
    """FLOP/s of the fastest square product of two matrices of this dtype."""
    kind = torch.device(device).type
    products: list[Callable[..., Any]] = [torch.matmul]
    if kind == "cpu" and dtype == torch.float32 and onednn.available():
        products.append(onednn.product)
    best, each = 0.0, seconds / len(products) / len(SIZES[kind])
    for size in SIZES[kind]:
        a, b = torch.randn(2, size, size, device=device).to(dtype)
        for product in products:
            best = max(best, 2 * size**3 / _best(partial(product, a, b), kind, each))
    return best


@torch.inference_mode()
def bandwidth_ceiling(device: str, seconds: float) -> float:
    """Bytes/s of the fastest pass over a large buffer; a copy of one half to the other reads half and writes half."""
    kind = torch.device(device).type
    size = BUFFER[kind] if kind == "cpu" else min(BUFFER[kind], torch.cuda.mem_get_info()[0] // 2)
    # Not zeros: Linux keeps a single page for them, which stays in the caches.
    buffer = torch.ones(size // 8 * 2, device=device)
    a, b = buffer.chunk(2)
    passes = (buffer.sum, lambda: torch.dot(a, b), lambda: a.copy_(b))
    return buffer.nbytes / min(_best(run, kind, seconds / len(passes)) for run in passes)


def _best(call: Callable[[], Any], kind: str, seconds: float) -> float:
    """Seconds of one call: the best repetition within about ``seconds``, after a warm-up."""
    wait = torch.cuda.synchronize if kind == "cuda" else lambda: None
    call(), wait()
    best, end = float("inf"), time.perf_counter() + seconds
    while True:
        begin = time.perf_counter()
        for _ in range(TOGETHER[kind]):
            call()
        wait()
        now = time.perf_counter()
        best = min(best, (now - begin) / TOGETHER[kind])
        if now >= end:
            return best
