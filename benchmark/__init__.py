"""A benchmark for unlearning in language models: ``from benchmark import load_preset, run_board, score_to_file``.

Names are imported when first used, so that importing the package stays quick.
"""

from importlib import import_module
from typing import Any

_HOMES = {
    "ScoreRequest": ".runs.score",
    "load_dataset": ".data.load",
    "load_preset": ".config.load",
    "load_records": ".records.record",
    "load_scores": ".records.score_files",
    "run_board": ".runs.board",
    "score_model": ".evaluation.evaluate",
    "score_to_file": ".runs.score",
}
__all__ = sorted(_HOMES)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"benchmark has no {name!r}; it has {', '.join(__all__)}")
    value = getattr(import_module(_HOMES[name], __name__), name)
    globals()[name] = value
    return value
