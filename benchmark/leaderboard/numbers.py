"""A board's numbers as text."""

from __future__ import annotations

from benchmark.leaderboard.board import Board
from benchmark.leaderboard.entries import Entry
from benchmark.leaderboard.headings import MAIN

P_VALUES = ("forget_quality", "forget_quality_test_authors")


def number(metric: str, value: float | None) -> str:
    """Two digits for p-values, which span hundreds of decades (0.53, 1.2e-8), three decimals for the rest."""
    if value is None:
        return "–"
    if metric not in P_VALUES:
        return f"{value:.3f}"
    if value >= 0.01:
        return f"{value:.2f}"
    digits, _, exponent = f"{value:.1e}".partition("e")
    return f"{digits}e{int(exponent)}" if value else "<1e-300"


def cell_text(board: Board, entry: Entry, metric: str, bold: str, interval: str = "") -> str:
    """The number of an entry as a table shows it.

    Args:
        bold: format string with one field, for the best of the main metrics.
        interval: format string with two fields, put behind the main metrics' numbers; "" leaves intervals out.
    """
    text = number(metric, entry.value(metric))
    if metric not in MAIN:
        return text
    if board.is_best(entry, metric):
        text = bold.format(text)
    cell = entry.cells[metric]
    limits = [number(metric, cell.low), number(metric, cell.high)]
    return text + interval.format(*limits) if interval and cell.low is not None else text
