"""The course of unlearning as the page's curves: a metric over epochs, one curve a row, mean over its seeds."""

from __future__ import annotations

from typing import Any

from benchmark.leaderboard.board import Board
from benchmark.leaderboard.course import course_columns, has_course, looked_at, mean_curve
from benchmark.page.families import heading
from benchmark.page.rows import short

LEVELS = ("finetuned", "retrained")  # models whose numbers stand beside the curves


def course_data(board: Board, ids: dict[tuple[str, str], str]) -> dict[str, Any] | None:
    """What the page's scripts draw, as JSON values; None where no run was looked at on the way.

    Args:
        ids: (split, row) -> its name in an address.
    """
    if not has_course(board):
        return None
    columns = course_columns(board)
    curves = []
    for entry, records in looked_at(board):
        points = {name: sorted(mean_curve(records, name).items()) for name in columns}
        lines = {name: [[short(x), short(y)] for x, y in own] for name, own in points.items() if own}
        if lines:
            curves.append({"id": ids[entry.split, entry.method], "method": entry.method, "split": entry.split,
                           "seeds": len(records), "points": lines})  # fmt: skip
    return {
        "columns": [{"name": name, "heading": heading(name)} for name in columns],
        "curves": curves,
        "levels": {split: _levels(board, split, columns) for split in board.splits},
    }


def _levels(board: Board, split: str, columns: list[str]) -> list[dict[str, Any]]:
    """The numbers of the models between which a method moves."""
    models = [e for e in board.rows if e.role == "model" and e.name in LEVELS and e.split == split]
    return [{"name": e.name, "values": {name: short(e.value(name)) for name in columns}} for e in models]
