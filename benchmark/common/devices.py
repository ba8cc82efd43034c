"""The device, its threads and its memory. Torch is imported where it is used."""

from __future__ import annotations

import resource
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmark.common.errors import UserError


def resolve_device(device: str) -> str:
    """The device to use; "auto" takes a GPU if there is one.

    Raises:
        UserError: an unknown device, or a GPU that torch does not see.
    """
    import torch

    if device == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    if device != "cpu" and not device.startswith("cuda"):
        raise UserError(f"unknown device {device!r}; there are: auto, cpu, cuda")
    if device.startswith("cuda") and not torch.cuda.is_available():
        raise UserError(f"device {device!r} was asked for, but torch sees no GPU; use --device cpu")
    return device


@contextmanager
def torch_threads(count: int | None) -> Iterator[None]:
    """Inside, torch computes on so many CPU threads; None: as before."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(count or before)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def reset_peak_memory() -> None:
    """Begin a new measurement of peak memory."""
    import torch

    if torch.cuda.is_available():
        torch.cuda.reset_peak_memory_stats()
    try:
        Path("/proc/self/clear_refs").write_text("5")  # Linux: lets VmHWM begin anew
    except OSError:
        pass


def peak_memory_mib() -> dict[str, float | None]:
    """Peak memory since the reset, MiB: of the process, and allocated on the GPU.

    Where the system cannot begin anew (not Linux), the process's figure is its peak since it started.
    """
    import torch

    gpu = torch.cuda.max_memory_allocated() / 2**20 if torch.cuda.is_available() else None
    try:
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("VmHWM"):
                return {"process": int(line.split()[1]) / 1024, "gpu": gpu}
    except OSError:
        pass
    scale = 2**20 if sys.platform == "darwin" else 2**10  # bytes on macOS, KiB elsewhere
    return {"process": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / scale, "gpu": gpu}
