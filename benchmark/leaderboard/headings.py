"""The columns of a board's tables: which metrics have one, and what stands above it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from metrics.calibration.headline import DISTANCE, P

if TYPE_CHECKING:
    from benchmark.leaderboard.board import Board


class Heading(NamedTuple):
    """What stands above a column."""

    document: str  # Markdown and LaTeX
    terminal: str = ""  # "": no column there


RANK, RANK_WORST = RANKS = ("rank", "rank_worst")  # the columns of rank sets, which are no metrics; fields of ``Entry``
MAIN = {
    DISTANCE: Heading("Distance", "Dist-\nance"),
    P: Heading("p", "p"),
    "residual": Heading("Residual", "Resi-\ndual"),
    RANK: Heading("Ranks", "Ranks"),
    "utility_kept": Heading("Utility kept", "Kept"),
    "forget_quality": Heading("Forget quality (TOFU)", "Forget\nquality"),
    "model_utility": Heading("Model utility", "Util-\nity"),
}
DETAILS = {
    "dose": Heading("Dose"),
    "residual_worst": Heading("Residual, worst attack"),
    RANK_WORST: Heading("Ranks, worst attack"),
    "residual_int8": Heading("Residual, 8 bits"),
    "residual_nf4": Heading("Residual, 4 bits"),
    "residual_relearn_forget": Heading("Residual, relearning"),
    "residual_relearn_retain": Heading("Residual, benign relearning"),
    "residual_relearn_same_form": Heading("Residual, benign relearning, same form"),
    "relearn_excess_max_forget": Heading("Relearning, largest excess"),
    "relearn_half_steps_forget": Heading("Relearning, steps to half"),
    "leak_asked": Heading("Residual, asked otherwise"),
    "residual_sampled": Heading("Residual, sampled"),
    "depth": Heading("Depth"),
    "distance": Heading("Distance, truth ratio"),
    "distance_gold": Heading("Distance, gold"),
    "distance_paraphrase": Heading("Distance, paraphrase"),
    "p_retrained": Heading("p, truth ratio"),
    "forget_probability": Heading("Forget prob."),
    "forget_rouge": Heading("Forget ROUGE"),
    "forget_truth_ratio": Heading("Forget truth ratio"),
    "retain_probability": Heading("Retain prob."),
    "retain_rouge": Heading("Retain ROUGE"),
    "ks_statistic": Heading("D"),
    "forget_quality_test_authors": Heading("Forget quality, test authors"),
}
WITH_INTERVAL = (DISTANCE, "residual", "utility_kept", "model_utility")
ARROWS = {"higher": "↑", "lower": "↓", "target": "→"}


def shown(board: Board, table: dict[str, Heading]) -> list[str]:
    """The columns of a table for which the board has a value."""
    ranked = {name for name in RANKS if any(getattr(entry, name) is not None for entry in board.rows)}
    return [metric for metric in table if (metric in ranked if metric in RANKS else board.is_defined(metric))]


def words(column: str) -> str:
    """A column in a sentence: that which boards are ordered by is the distance."""
    return "distance" if column == DISTANCE else column.replace("_", " ")


def with_arrow(board: Board, metric: str, text: str) -> str:
    """A heading with the arrow that says which way is better."""
    return f"{text} {ARROWS.get(board.columns.get(metric, {}).get('direction', ''), '')}".strip()


def lead(board: Board) -> list[str]:
    """The headings before the metrics: the split only where a board has several."""
    return ["Method", "Split"] if len(board.splits) > 1 else ["Method"]
