"""A board so small that it is made in seconds, and methods written to files, for the tests of whole runs."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from benchmark.config.load import load_preset
from benchmark.config.schema import Preset
from benchmark.models.store import ModelStore
from benchmark.records.record import load_records
from benchmark.runs import workers

MICRO = [
    *(
        "dataset.authors=10",
        "dataset.pretraining=0",
        "dataset.holdout=1",
        "launch.workers=0",
        "launch.device=cpu",
        "retrained_seeds=[0, 1]",
        "doses=[]",
        "controls=[]",
        "attacks=[]",
    ),
    *("model.tiny.layers=1", "model.tiny.hidden=32", "model.tiny.heads=2", "model.tiny.key_value_heads=1"),
    *("model.tiny.mlp=64", "model.tiny.vocabulary=400", "pretraining.epochs=1", "finetuning.epochs=1"),
    *("reinforcement.epochs=1", "training.epochs=1", "scoring.max_new_tokens=8", "scoring.limit=4"),
]
METHODS = ["rkld", "grad_ascent"]
MODEL_ROWS = [
    "base forget10 seed 0",
    "finetuned forget10 seed 0",
    "retrained forget10 seed 0",
    "retrained forget10 seed 1",
]
METHOD_ROWS = ["grad_ascent forget10 seed 0", "rkld forget10 seed 0"]

METHOD_FILE = '''"""A method of a test."""
from dataclasses import dataclass
from pathlib import Path

from methods.base import Method, nll

calls = []


@dataclass(frozen=True)
class Mine(Method):
    rate: float = 1.0

    def loss(self, model, batch):
        calls.append(1)
        {body}
        return -self.rate * nll(model, batch.forget)
'''


def micro(*changes: str, methods: list[str] | None = None) -> Preset:
    """The preset of the small board: 20 forget rows, two optimiser steps, four rows a set scored."""
    return load_preset("quick", [*MICRO, *changes], methods=METHODS if methods is None else methods)


def method_file(folder: Path, name: str, body: str = "") -> str:
    """The path of a new method whose loss first does ``body``; ``calls`` counts its losses."""
    path = folder / f"{name}.py"
    path.write_text(METHOD_FILE.replace("{body}", body), encoding="utf-8")
    return str(path)


def numbers(folder: Path) -> dict[str, dict]:
    """Every run's metrics, by its label."""
    return {f"{r.method} {r.split} seed {r.seed}": r.metrics for r in load_records(folder)}


def only_record(folder: Path, method: str) -> Path:
    """The path of the method's one record."""
    (path,) = (folder / "records" / method).glob("*.json")
    return path


def half_written(folder: Path) -> list[Path]:
    return [p for p in folder.rglob("*") if ".part" in p.name or ".old" in p.name]


def watch(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """Labels of the runs that are executed (``runs``) and the models that are trained (``models``) from here on."""
    seen = SimpleNamespace(runs=[], models=[])
    execute, save = workers.execute, ModelStore.save

    def watched_execute(run, checkpoints):
        seen.runs.append(run.label)
        return execute(run, checkpoints)

    def watched_save(self, label, *args):
        seen.models.append(label)
        return save(self, label, *args)

    monkeypatch.setattr(workers, "execute", watched_execute)
    monkeypatch.setattr(ModelStore, "save", watched_save)
    return seen
