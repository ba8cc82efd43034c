"""The columns of a board's tables: which metrics have one, and what stands above it."""

from __future__ import annotations

from typing import NamedTuple

from benchmark.leaderboard.board import Board


class Heading(NamedTuple):
    """What stands above a column; in LaTeX it stands under "Forget" or "Retain"."""

    markdown: str
    latex: str
    terminal: str


HEADINGS = {
    "forget_quality": Heading("Forget quality", "Forget quality", "Quality"),
    "forget_quality_test_authors": Heading("Test authors", "Test authors", ""),
    "ks_statistic": Heading("D", "$D$", "D"),
    "model_utility": Heading("Model utility", "Model utility", "Utility"),
    "forget_probability": Heading("Forget prob.", "Prob.", "Forget\nprob"),
    "forget_rouge": Heading("Forget ROUGE", "ROUGE", "Forget\nROUGE"),
    "forget_truth_ratio": Heading("Forget truth ratio", "Truth ratio", "Forget\ntruth"),
    "retain_probability": Heading("Retain prob.", "Prob.", "Retain\nprob"),
    "retain_rouge": Heading("Retain ROUGE", "ROUGE", "Retain\nROUGE"),
}
WHERE_MEASURED = "forget_quality_test_authors"  # has a column only on boards that have a value for it
NOT_IN_TERMINALS = ("forget_quality_test_authors", "retain_rouge")  # two columns too many for 80 characters
MAIN = {"forget_quality": "forget quality", "model_utility": "model utility"}  # with interval, and the best in bold
ARROWS = {"higher": "↑", "lower": "↓", "target": "→"}


def shown(board: Board) -> list[str]:
    """The metrics that have a column in a document; a terminal leaves out ``NOT_IN_TERMINALS``."""
    is_measured = any(entry.value(WHERE_MEASURED) is not None for entry in board.rows)
    return [metric for metric in HEADINGS if is_measured or metric != WHERE_MEASURED]


def with_arrow(board: Board, metric: str, text: str) -> str:
    """A heading with the arrow that says which way is better."""
    return f"{text} {ARROWS.get(board.columns[metric].get('direction', ''), '')}".strip()


def lead(board: Board) -> list[str]:
    """The headings before the metrics: the split only where a board has several."""
    return ["Method", "Split"] if len(board.splits) > 1 else ["Method"]
