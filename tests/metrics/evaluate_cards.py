"""Metrics loaded by the ``evaluate`` library, offline, in a process of their own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.conftest import ROOT

SCRIPT = """
import json, sys
import metrics
assert "evaluate" not in sys.modules and metrics.load_metric("rouge") is not None
import evaluate
cards, out = {}, {}
for label, (name, given) in json.load(open(sys.argv[1])).items():
    if name not in cards:
        cards[name] = evaluate.load(f"metrics/{name}.py", cache_dir=sys.argv[2])
    out[label] = cards[name].compute(**given)
text = {n: [c.description, c.inputs_description, c.citation, c.name] for n, c in cards.items()}
print("RESULT" + json.dumps([out, text]))
"""


def run_cards(
    calls: dict[str, tuple[str, dict[str, Any]]], folder: Path
) -> tuple[dict[str, Any], dict[str, list[str]]]:
    """Label -> result of ``compute``; metric -> its card's description, inputs, citation and name.

    Args:
        calls: label -> metric and what its ``compute`` is given.
        folder: an empty one.
    """
    (folder / "calls.json").write_text(json.dumps(calls))
    offline = {"HF_HUB_OFFLINE": "1", "HF_EVALUATE_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1"}
    places = {"HF_HOME": folder / "home", "HF_MODULES_CACHE": folder / "modules", "PYTHONPATH": ROOT}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(folder / "calls.json"), str(folder / "cache")],
        cwd=ROOT,
        env=os.environ | offline | {name: str(path) for name, path in places.items()},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    results, texts = json.loads(done.stdout.split("RESULT")[1])
    return results, texts
