"""A board as a Markdown table."""

from __future__ import annotations

import re

from benchmark.leaderboard.board import Board
from benchmark.leaderboard.captions import caption, footnotes, signs, status
from benchmark.leaderboard.headings import HEADINGS, lead, shown, with_arrow
from benchmark.leaderboard.numbers import cell_text


def markdown(board: Board) -> str:
    """A table with a caption; intervals for forget quality and model utility, the best method's in bold."""
    before, columns = lead(board), shown(board)
    heads = [with_arrow(board, metric, HEADINGS[metric].markdown) for metric in columns]
    lines = [[*before, *heads, "Status"], ["---"] * len(before) + ["---:"] * len(columns) + ["---"]]
    for entry in board.rows:
        name = re.sub(r"([\\|*<`])", r"\\\1", entry.method) + signs(entry)
        split = [entry.split] if "Split" in before else []
        numbers = [cell_text(board, entry, metric, "**{}**", " [{}, {}]") for metric in columns]
        lines.append([name, *split, *numbers, status(entry)])
    table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    return "\n\n".join([f"**{board.name}**: {caption(board)}", table, *footnotes(board)]) + "\n"
