"""Forget quality against model utility: what a board without distances shows.

Forget quality is a p-value that spans hundreds of decades, so its axis is log10 and ends at ``floor``: below that two models
differ beyond any doubt, and how far beyond says little.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from benchmark.leaderboard.entries import Entry
from benchmark.leaderboard.view import SMALL, View, shade
from metrics.utility_kept import KEPT

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.text import Text

LEVEL_OF_TEST = 0.05


class QualityView(View):
    """The axes of TOFU's own figure."""

    x, y = "model_utility", "forget_quality"
    x_label, y_label = "model utility", "forget quality (p-value)"
    floor = -10.0  # log10 of the lowest p-value that the axis tells from 0
    floor_label = "below $10^{-10}$"

    def height(self, value: float) -> float:
        return math.log10(value) if value > 0 else -math.inf

    def limits(self, entries: list[Entry]) -> tuple[float, float]:
        reach = max([2.0, *(-self.place(entry)[1] for entry in entries)])
        return -1.09 * reach, 0.06 * reach  # each panel's own, since p-values of different n do not compare

    def ticks(self, bottom: float, top: float) -> tuple[list[float], list[str]]:
        step = max(1, math.ceil(-bottom / 6))
        ticks = [float(-step * i) for i in range(int(-bottom // step) + 1)]
        return ticks, [
            "1" if t == 0 else f"$\\leq 10^{{{t:.0f}}}$" if t <= self.floor else f"$10^{{{t:.0f}}}$" for t in ticks
        ]

    def background(self, axes: Axes, entries: list[Entry]) -> list[Text]:
        level = math.log10(LEVEL_OF_TEST)
        axes.axhline(level, color="0.35", linewidth=0.6, linestyle=(0, (4, 2)), zorder=1)
        words = [axes.text(axes.get_xlim()[0], level, " p = 0.05", va="bottom", fontsize=SMALL, color="0.35")]
        tuned = next((entry.value("model_utility") for entry in entries if entry.name == "finetuned"), None)
        if tuned is not None:
            words.append(shade(axes, KEPT * tuned, f" ≥ {100 * KEPT:.0f} % of fine-tuned utility"))
        return words

    def legend(self, entries: list[Entry]) -> list[Artist]:
        return []
