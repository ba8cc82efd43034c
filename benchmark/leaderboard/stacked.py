"""Panels below one another in a figure of a column's width, with room beside them for names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from benchmark.leaderboard.figure import COLUMN, FONT
from benchmark.leaderboard.panel import DPI
from benchmark.leaderboard.view import SMALL

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH, RIGHT, BELOW, ABOVE = COLUMN + 1.0, 0.95, 0.36, 0.2  # inches


def stacked(titles: Sequence[str], heights: Sequence[float], left: float, between: float) -> tuple[Figure, list[Axes]]:
    """A figure with a titled panel of each height; all lengths in inches. Call it, and draw, within one style."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    height = BELOW + ABOVE + sum(heights) + between * (len(heights) - 1)
    figure = Figure(figsize=(WIDTH, height), dpi=DPI)
    FigureCanvasAgg(figure)
    top, panels = height - ABOVE, []
    for title, high in zip(titles, heights, strict=True):
        axes = figure.add_axes((left / WIDTH, (top - high) / height, 1 - (left + RIGHT) / WIDTH, high / height))
        axes.set_title(title, loc="left", fontsize=FONT, pad=3)
        axes.tick_params(length=2.5, width=0.6, labelsize=SMALL)
        for side in ("top", "right"):
            axes.spines[side].set_visible(False)
        panels.append(axes)
        top -= high + between
    return figure, panels
