"""``answers.html``: what the models of a board say, in a file of its own beside the board's page."""

from __future__ import annotations

from pathlib import Path

from benchmark.common.files import write_text
from benchmark.leaderboard.board import Board
from benchmark.page.answers import answers_data
from benchmark.page.render import render

NAME = "answers.html"


def write_answers(folder: str | Path, board: Board) -> Path | None:
    """Write the page where any run's scores lie beside its record; else remove one of before, and give None."""
    path = Path(folder) / NAME
    data = answers_data(folder, board)
    if data is None:
        path.unlink(missing_ok=True)
        return None
    text = render(
        "answers.html", scripts=("start", "answers", "answer_parts"), styles=("base", "layout", "table", "answers", "print"),
        data=data, board=board.name,
    )  # fmt: skip
    write_text(path, text)
    return path
