"""A board as pages that open from disk: its table, pictures and rows, its answers, and an index of boards."""

from __future__ import annotations

from pathlib import Path

from benchmark.leaderboard.board import Board
from benchmark.page.answers_page import write_answers
from benchmark.page.board_page import write_page

__all__ = ["write_answers", "write_page", "write_pages"]


def write_pages(
    folder: str | Path, board: Board, beside: str | Path | None = None, *, answers: bool = True
) -> list[Path]:
    """Write ``answers.html``, where the runs' scores are at hand, and ``leaderboard.html``, which links to it.

    Args:
        beside: the folder in which, or beside which, a sweep's sensitivity.csv lies; by default ``folder``.
        answers: False keeps what the models say out, though the scores are there.
    """
    made = write_answers(folder, board) if answers else None
    return [write_page(folder, board, beside=beside), *([made] if made else [])]
