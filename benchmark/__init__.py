"""A benchmark for unlearning in language models: ``from benchmark import load_preset, run_board, score_to_file``.

Names are imported when first used, so that importing the package stays quick.
"""

from importlib import import_module
from typing import Any

_HOMES = {
    "ScoreRequest": "benchmark.runs.score",
    "load_dataset": "benchmark.data.load",
    "load_preset": "benchmark.config.load",
    "load_records": "benchmark.records.record",
    "load_scores": "benchmark.records.score_files",
    "run_board": "benchmark.runs.board",
    "score_model": "benchmark.evaluation.evaluate",
    "score_to_file": "benchmark.runs.score",
}
__all__ = sorted(_HOMES)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"benchmark has no {name!r}; it has {', '.join(__all__)}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value
