"""What a number came from: code, packages and hardware."""

from __future__ import annotations

import os
import platform
import subprocess
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

PACKAGES = ("torch", "transformers", "accelerate", "peft", "tokenizers", "numpy", "scipy", "rouge-score")
ROOT = Path(__file__).resolve().parents[2]


@lru_cache
def provenance() -> dict[str, Any]:
    """Git commit and whether the code differs from it, package versions, and the machine in words."""
    return {"git": git_state(), "packages": packages(), "hardware": hardware()}


def git_state() -> dict[str, Any]:
    """Commit of this checkout and whether files differ from it; None where it is no checkout."""
    try:
        if Path(_git("rev-parse", "--show-toplevel")).resolve() != ROOT.resolve():
            return {"commit": None, "dirty": None}  # installed inside somebody's own repository
        commit = _git("rev-parse", "HEAD")
        # Results are what a run makes, so only the code can make a run "dirty".
        changed = _git("status", "--porcelain", "--", ".", ":!results")
    except (OSError, subprocess.SubprocessError):
        return {"commit": None, "dirty": None}
    return {"commit": commit, "dirty": bool(changed)}


def _git(*arguments: str) -> str:
    run = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=True, timeout=20)
    return run.stdout.strip()


def packages() -> dict[str, str | None]:
    """Versions of the packages that numbers depend on."""
    versions: dict[str, str | None] = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            versions[name] = None
    return versions


def hardware() -> dict[str, Any]:
    """Processor by name, family and model, what torch uses of it, cores and, where torch sees one, the GPU.

    Machines of one name differ in the last digits where one has AVX-512 and the other has not.
    """
    import torch

    about = _cpuinfo()
    return {
        "processor": about.get("model name") or platform.processor() or platform.machine(),
        "model": f"family {about['cpu family']}, model {about['model']}" if "cpu family" in about else None,
        "capability": torch.backends.cpu.get_cpu_capability(),
        "cores": os.cpu_count(),
        "system": platform.system(),
        "gpu": torch.cuda.get_device_name() if torch.cuda.is_available() else None,
    }


def _cpuinfo() -> dict[str, str]:
    """The first processor's entry in /proc/cpuinfo; empty where there is none."""
    try:
        first = Path("/proc/cpuinfo").read_text().partition("\n\n")[0]
    except OSError:
        return {}
    pairs = (line.partition(":") for line in first.splitlines())
    return {name.strip(): value.strip() for name, _, value in pairs}
