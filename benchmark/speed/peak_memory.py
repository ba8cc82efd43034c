"""The peak of memory since a moment that can be chosen: of the process (Linux only), or allocated on a GPU."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from benchmark.evaluation import teacher_forcing
from benchmark.models.batching import give_freed_memory_back, in_batches
from benchmark.speed.replaced import replaced

STATUS = Path("/proc/self/status")


def start_peak(device: str) -> int | None:
    """Bytes in use now; the next ``peak`` is counted from here on. None where the system cannot tell."""
    if device != "cpu":
        torch.cuda.reset_peak_memory_stats()
        return torch.cuda.memory_allocated()
    give_freed_memory_back()  # memory that is kept for reuse would hide as much of what is allocated next
    try:
        Path("/proc/self/clear_refs").write_text("5")  # Linux: the peak is counted from here on
        return _status("VmRSS")
    except OSError:
        return None


def peak(device: str) -> int:
    """Bytes at most in use since ``start_peak``, which must have returned a number."""
    return torch.cuda.max_memory_allocated() if device != "cpu" else _status("VmHWM")


def largest_batch(score: Callable[[], Any], device: str) -> int | None:
    """Bytes of the largest batch that scoring forwards: the highest rise of memory above a batch's start.

    Args:
        score: scores a model; it is called once.

    Returns:
        None where the system cannot tell.
    """
    peaks: list[int] = []

    def watched(count: int, run: Callable[[int, int], None], *how: Any) -> None:
        def alone(start: int, stop: int) -> None:
            before = start_peak(device)
            run(start, stop)
            if before is not None:
                peaks.append(peak(device) - before)

        in_batches(count, alone, *how)

    with replaced(teacher_forcing, in_batches=watched):
        score()
    return max(peaks, default=None)


def _status(name: str) -> int:
    line = re.search(rf"{name}:\s+(\d+) kB", STATUS.read_text())
    return 1024 * int(line.group(1)) if line else 0
