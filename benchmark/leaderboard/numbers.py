"""A board's numbers as text."""

from __future__ import annotations

from collections.abc import Collection

from benchmark.leaderboard.entries import Entry
from benchmark.leaderboard.headings import RANKS, WITH_INTERVAL
from metrics import metric_of
from metrics.base import P_VALUE
from metrics.calibration.headline import DISTANCE
from metrics.calibration.ranks import Rank

UNKNOWN = "–"
TWO_DIGITS = ("distance", "residual", "dose")  # and what begins so; more would be noise


def number(metric: str, value: float | None) -> str:
    """Two digits for p-values, which span hundreds of decades (0.53, 1.2e-8), two or three decimals for the rest."""
    if value is None:
        return UNKNOWN
    if not is_p_value(metric):
        text = f"{value:.2f}" if metric.startswith(TWO_DIGITS) else f"{value:.3f}"
        return text.lstrip("-") if not text.strip("-0.") else text  # rounded to zero: no sign
    if value >= 0.01:
        return f"{value:.2f}"
    digits, _, exponent = f"{value:.1e}".partition("e")
    return f"{digits}e{int(exponent)}" if value else "<1e-300"


def is_p_value(metric: str) -> bool:
    """Whether a column holds p-values."""
    known = metric_of().get(metric)
    return known is not None and known.unit == P_VALUE


def rank_text(rank: Rank | None) -> str:
    """The set of places that a row may have: "3–7"."""
    if rank is None or rank.low is None:
        return UNKNOWN
    return str(rank.low) if rank.low == rank.high else f"{rank.low}–{rank.high}"


def cell_text(
    entry: Entry, metric: str, bold: str, interval: str = "", with_interval: Collection[str] = WITH_INTERVAL
) -> str:
    """What a table shows of an entry under a column.

    Args:
        bold: format string with one field, for the distance of the rows that no other is better than.
        interval: format string with two fields, put behind the numbers of ``with_interval``; "" leaves intervals out.
    """
    if metric in RANKS:
        return rank_text(getattr(entry, metric))
    text = number(metric, entry.value(metric))
    if metric == DISTANCE and entry.is_best:
        text = bold.format(text)
    cell = entry.cells[metric]
    if not interval or metric not in with_interval or cell.low is None:
        return text
    return text + interval.format(number(metric, cell.low), number(metric, cell.high))
