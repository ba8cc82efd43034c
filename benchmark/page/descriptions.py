"""What a row's method says of itself: paper and docstring, read from its file without importing it."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

from benchmark.common.errors import UserError
from benchmark.common.registry import split_fields
from benchmark.controls import FOLDER as CONTROLS
from benchmark.leaderboard.entries import Entry
from methods import method_source

MODELS = {
    "finetuned": "The fine-tuned model, before any unlearning.",
    "retrained": "Models fine-tuned without the forget rows: what unlearning aims at. The row is the mean over them, each compared with the others.",
    "base": "The model before fine-tuning.",
}
DOSE = "A model fine-tuned with this share of the forget rows only: a yardstick for how much is left."


def describe_row(entry: Entry) -> dict[str, str]:
    """``paper``, ``text`` and ``file`` of a row, as far as they are known; {} for a method that this version has not."""
    if entry.role == "model":
        return {"text": MODELS.get(entry.name, "")}
    if entry.role == "control":
        if entry.name.startswith("dose-"):
            return {"text": DOSE}
        files = {path.stem: path for path in CONTROLS.glob("[a-z]*.py")}
        known = [name for name in files if entry.name == name or entry.name.startswith((f"{name}-", f"{name}@"))]
        return _of_file(files[max(known, key=len)], {}, "benchmark/controls") if known else {}
    try:
        _, source = method_source(split_fields(entry.name)[0])
    except UserError:
        return {}
    return _of_file(source.path, source.constants, "methods")


def _of_file(path: Path, constants: dict[str, Any], folder: str) -> dict[str, str]:
    text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    about = {"text": text, "file": f"{folder}/{path.name}"}
    return about | ({"paper": str(constants["paper"])} if constants.get("paper") else {})
