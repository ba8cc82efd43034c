"""What a figure shows of a board: which two columns, and how the one across from utility is put on its axis."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

import numpy as np

from benchmark.leaderboard.entries import Entry

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.text import Text

BLUE, BLACK, GREEN = "#0072B2", "#1A1A1A", "#009E73"  # blue and green of Okabe and Ito's palette
SMALL = 6.0  # points, in a figure that is printed at its own size


class View(ABC):
    """Forget quality against utility, or distance against utility kept. Higher in the panel is always better."""

    x: str  # columns
    y: str
    x_label: str
    y_label: str
    floor: float  # the lowest height that the axis tells from what is below; that is drawn there, pointing down
    floor_label: str  # in the legend

    @abstractmethod
    def height(self, value: float) -> float:
        """Where a value of ``y`` stands on the axis, however low."""

    @abstractmethod
    def limits(self, entries: list[Entry]) -> tuple[float, float]:
        """Bottom and top of the axis in a split's panel."""

    @abstractmethod
    def ticks(self, bottom: float, top: float) -> tuple[list[float], list[str]]:
        """Heights and what is written there."""

    @abstractmethod
    def background(self, axes: Axes, entries: list[Entry]) -> list[Text]:
        """Draw what lies behind the points of a split; its words, which names keep off."""

    @abstractmethod
    def legend(self, entries: list[Entry]) -> list[Artist]:
        """What of the background the legend must explain."""

    def stretched(self, utility: np.ndarray) -> np.ndarray:
        """Where utility stands on its axis: as it is, unless the view gives some of it more room."""
        return utility

    def across(self, entries: list[Entry]) -> tuple[float, float]:
        """Limits of the axis of utility for rows of all splits, where they are stretched."""
        utility = self.stretched(np.array([self.place(entry)[0] for entry in entries] or [0.0, 1.0]))
        low, high = float(utility.min()), float(utility.max())
        span = max(high - low, 0.1)
        return low - 0.09 * span, high + 0.11 * span

    def set_across(self, axes: Axes, across: tuple[float, float]) -> None:
        """Set the limits of the axis of utility, its scale and its ticks."""
        axes.set_xlim(*across)

    def front(self, entries: list[Entry]) -> list[bool]:
        """Which of a split's rows are marked: those on the Pareto front, where the view has one."""
        return [False] * len(entries)

    def is_defined(self, entry: Entry) -> bool:
        """Whether an entry has a point."""
        return entry.value(self.x) is not None and entry.value(self.y) is not None

    def place(self, entry: Entry) -> tuple[float, float]:
        """Its point, no lower than the floor.

        Raises:
            ValueError: it has none.
        """
        x, y = entry.value(self.x), entry.value(self.y)
        if x is None or y is None:
            raise ValueError(f"{entry.method} lacks {self.x} or {self.y}")
        return x, max(self.height(y), self.floor)

    def is_under(self, entry: Entry) -> bool:
        """Whether it is below the floor."""
        value = entry.value(self.y)
        return value is not None and self.height(value) < self.floor


def shade(axes: Axes, least: float, words: str) -> Text:
    """Shade utility from ``least`` on, and say above the panel what that is."""
    across = axes.get_xlim()
    axes.axvspan(max(least, across[0]), across[1], color=GREEN, alpha=0.1, linewidth=0, zorder=0)
    return axes.text(
        across[1], axes.get_ylim()[1], words, ha="right", va="bottom", fontsize=SMALL, color="#00664B", clip_on=False
    )
