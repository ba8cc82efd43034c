"""What there is, for ``list``: plain lines that fit a terminal. Nothing heavy is imported."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from itertools import groupby

import methods
import metrics
from benchmark import attacks, controls
from benchmark.common.registry import Registry
from benchmark.common.source_files import SourceFile
from benchmark.config.load import REGISTRY
from benchmark.data.load import DATASETS


def listing(what: str) -> str:
    """The lines for methods, metrics, controls, attacks, presets or datasets."""
    return "\n".join(LISTINGS[what]())


def _methods() -> list[str]:
    lines = []
    row = "  {:16}{:18}{:>9}  {:12}{}"
    by_file = sorted(methods.describe(), key=lambda m: (m["file"], m["name"]))
    lines.append(row.format("method", "paper", "forwards", "status", "needs"))
    for (_, title), variants in groupby(by_file, key=lambda m: (m["file"], m["title"])):
        lines.append(title)
        for m in variants:
            lines.append(row.format(m["name"], m["paper"], m["forwards"], m["status"], ", ".join(m["needs"]) or "-"))
    return [*lines, "", "forwards: forward passes an optimiser step, those of frozen models included; 0: no training"]


def _metrics() -> list[str]:
    lines = []
    for m in metrics.describe():
        low, high = m["range"]
        better = " or ".join(sorted(set(m["columns"].values())))
        replica = ", a replica: measured on request" if m["replica"] else ""
        needs = f"; needs {', '.join(m['needs'])}" if m["needs"] else ""
        lines += [
            m["title"],
            f"  {m['name']}  version {m['version']}, {low:g} to {high:g} ({m['unit']}), better: {better}{replica}",
            f"  reads {', '.join(m['reads'])}{needs}; source: {m['source']}",
        ]
    return [*lines, "", "target: best where the retrained model's value is"]


def _presets() -> list[str]:
    presets = {name: tomllib.loads(path.read_text(encoding="utf-8")) for name, path in REGISTRY.entries.items()}
    width = max(map(len, presets)) + 2
    return [f"{name:{width}}{raw.get('description', '')}" for name, raw in presets.items()]


def _titled(registry: Registry[SourceFile]) -> list[str]:
    return [f"{name:16}{source.title}" for name, source in registry.entries.items()]


def _datasets() -> list[str]:
    return [f"{name:18}{what}" for name, what in DATASETS.items()]


LISTINGS: dict[str, Callable[[], list[str]]] = {
    "methods": _methods,
    "metrics": _metrics,
    "controls": lambda: _titled(controls.REGISTRY),
    "attacks": lambda: _titled(attacks.REGISTRY),
    "presets": _presets,
    "datasets": _datasets,
    "corpora": _datasets,
}
