"""Distance from the retrained models against utility kept: near and useful models stand at the top right.

The axis of distance is a logarithm turned round, 1 (like one more retrained model) near the top. Beyond ``FARTHEST`` a model
has nothing in common with a retrained one, and how little says nothing. Utility from 90 % on, where the methods are that count,
has ``ROOM`` times the room of the rest; its shade begins where the scale changes, and the axis says so. A band shows where the retrained models themselves
lie, each compared with the others; a staircase is the Pareto front: no method is nearer and keeps more than those on it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmark.leaderboard.entries import Entry
from benchmark.leaderboard.view import BLACK, BLUE, View, shade
from metrics.calibration.headline import DISTANCE
from metrics.calibration.pareto import front
from metrics.utility_kept import KEPT

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.text import Text

FARTHEST, NEAREST = 100.0, 0.1  # nothing is drawn beyond
ROOM = 5.0
UTILITY_TICKS = (0.0, 0.3, 0.6, 0.9, 0.95, 1.0, 1.05, 1.1, 1.2, 1.3, 1.4, 1.5)
STAIRS: Any = (0, (3, 1.5))  # dashes of the front
LEAST_SPAN = 0.7  # decades that an axis covers at least


class DistanceView(View):
    """The axes of a board with distances.

    Args:
        yardsticks: split -> the smallest and largest distance of its retrained models.
    """

    x, y = "utility_kept", DISTANCE
    x_label, y_label = (
        f"utility kept ({ROOM:.0f} times the scale from {KEPT:g} on)",
        "distance from retrained models (near at the top)",
    )
    floor, floor_label = -math.log10(FARTHEST), f"beyond {FARTHEST:.0f}"

    def __init__(self, yardsticks: Mapping[str, tuple[float, float]]) -> None:
        self.yardsticks = yardsticks

    def height(self, value: float) -> float:
        return -math.log10(max(value, NEAREST))

    def limits(self, entries: list[Entry]) -> tuple[float, float]:
        heights = [self.place(entry)[1] for entry in entries]
        heights += [self.height(far) for entry in entries[:1] for far in self.yardsticks.get(entry.split, ())]
        if not heights:
            return -1.0, 0.1
        low, high = min(heights), max(heights)
        span = max(high - low, LEAST_SPAN)
        return high - 1.08 * span, high + 0.1 * span

    def ticks(self, bottom: float, top: float) -> tuple[list[float], list[str]]:
        steps = (1, 2, 5) if top - bottom < 2.6 else (1,)
        values = [digit * 10.0**power for power in range(-1, 4) for digit in steps]
        shown = [value for value in values if bottom <= self.height(value) <= top and NEAREST <= value <= FARTHEST]
        return [self.height(v) for v in shown], [f"≥ {v:.0f}" if v == FARTHEST else f"{v:g}" for v in shown]

    def stretched(self, utility: np.ndarray) -> np.ndarray:
        utility = np.asarray(utility, dtype=np.float64)
        return np.where(utility > KEPT, KEPT + ROOM * (utility - KEPT), utility)

    def set_across(self, axes: Axes, across: tuple[float, float]) -> None:
        def back(place: np.ndarray) -> np.ndarray:
            place = np.asarray(place, dtype=np.float64)
            return np.where(place > KEPT, KEPT + (place - KEPT) / ROOM, place)

        axes.set_xscale("function", functions=(self.stretched, back))
        low, high = back(np.array(across))
        axes.set_xlim(low, high)
        axes.set_xticks([tick for tick in UTILITY_TICKS if low <= tick <= high])
        axes.xaxis.set_major_formatter("{x:g}")

    def front(self, entries: list[Entry]) -> list[bool]:
        far, kept = (
            np.array([e.value(column) if e.is_sound else None for e in entries], dtype=np.float64)
            for column in (self.y, self.x)
        )
        return [bool(on) for on in front(far, kept)]

    def background(self, axes: Axes, entries: list[Entry]) -> list[Text]:
        if band := self.yardsticks.get(entries[0].split):
            low, high = self.height(band[1]), self.height(band[0])
            axes.axhspan(low, high, color=BLACK, alpha=0.13, linewidth=0, zorder=0.5)
        self._stairs(axes, [self.place(e) for e, on in zip(entries, self.front(entries), strict=True) if on])
        return [shade(axes, KEPT, f" ≥ {100 * KEPT:.0f} % of every part of utility kept")]

    def _stairs(self, axes: Axes, points: list[tuple[float, float]]) -> None:
        """The edge of what the front's points beat, from the left edge of the panel to its bottom."""
        if points:
            x, y = zip(*sorted(points, key=lambda point: (point[0], -point[1])), strict=True)
            corners = [axes.get_xlim()[0], *x, x[-1]], [y[0], *y, axes.get_ylim()[0]]
            axes.plot(*corners, drawstyle="steps-pre", color=BLUE, alpha=0.6, linewidth=0.7, linestyle=STAIRS, zorder=1)

    def legend(self, entries: list[Entry]) -> list[Artist]:
        from matplotlib.lines import Line2D
        from matplotlib.patches import Patch

        made: list[Artist] = []
        if any(self.front(entries)):
            made.append(Line2D([], [], color=BLUE, alpha=0.6, linewidth=0.7, linestyle=STAIRS, label="Pareto front"))
        if any(entry.split in self.yardsticks for entry in entries):
            made.append(Patch(color=BLACK, alpha=0.13, linewidth=0, label="range of retrained models"))
        return made
