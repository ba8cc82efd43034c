"""One panel of a board's figure: the rows of a split as points, forget quality against model utility, with names."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmark.leaderboard.entries import Entry
from benchmark.leaderboard.labels import leader_end, place
from benchmark.records.selection import KEPT

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FLOOR = -10.0  # log10 of the lowest p-value that the axis tells from 0
LEVEL_OF_TEST = 0.05
SMALL = 6.0  # points, in a figure that is printed at its own size
DPI = 300
BLUE, BLACK, BAND = "#0072B2", "#1A1A1A", "#009E73"  # blue and green of Okabe and Ito's palette
# Reference -> colour, marker, its size against a method's, name in the legend. Vermilion is Okabe and Ito's, the purple Tol's.
REFERENCES = {
    "finetuned": ("#D55E00", "s", 1.0, "fine-tuned"),
    "retrained": (BLACK, "*", 1.9, "retrained"),
    "base": ("#AA4499", "D", 0.9, "base"),
}


def height_of(quality: float) -> float:
    """log10 of a p-value, no lower than the floor."""
    return max(math.log10(quality), FLOOR) if quality > 0 else FLOOR


def is_under(entry: Entry) -> bool:
    """Whether its forget quality is below the floor."""
    return entry.value("forget_quality") < 10**FLOOR


def draw_panel(axes: Axes, entries: list[Entry], across: tuple[float, float], last: bool) -> None:
    """Draw the rows of a split.

    Args:
        entries: rows with forget quality and model utility.
        across: limits of utility, the same for all panels.
        last: the lowest panel, under which utility is written.
    """
    reach = max([2.0, *(-height_of(entry.value("forget_quality")) for entry in entries)])
    up = -1.09 * reach, 0.06 * reach  # each panel's own limits, since p-values of different n do not compare
    axes.set_xlim(*across)
    axes.set_ylim(*up)
    axes.tick_params(length=2.5, width=0.6, labelsize=SMALL, labelbottom=last)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    _ticks(axes, up[0])
    axes.set_ylabel("forget quality (p-value)")
    if last:
        axes.set_xlabel("model utility")
    if not entries:
        axes.text(0.5, 0.5, "no row with both numbers", transform=axes.transAxes, ha="center", fontsize=SMALL)
        return
    axes.axhline(math.log10(LEVEL_OF_TEST), color="0.35", linewidth=0.6, linestyle=(0, (4, 2)), zorder=1)
    fixed = [
        axes.text(across[0], math.log10(LEVEL_OF_TEST), " p = 0.05", va="bottom", fontsize=SMALL, color="0.35"),
        *_band(axes, entries, across, up),
    ]
    for entry in entries:
        _point(axes, entry, up[0])
    _names(axes, entries, fixed)


def _band(axes: Axes, entries: list[Entry], across: tuple, up: tuple) -> list:
    """Shade utility of at least 90 % of the fine-tuned model's; its words, where it is drawn at all."""
    tuned = next((entry.value("model_utility") for entry in entries if entry.name == "finetuned"), None)
    if tuned is None:
        return []
    axes.axvspan(max(KEPT * tuned, across[0]), across[1], color=BAND, alpha=0.1, linewidth=0, zorder=0)
    words = f" ≥ {KEPT:.0%} of fine-tuned utility".replace("%", " %")
    return [axes.text(across[1], up[1], words, ha="right", va="bottom", fontsize=SMALL, color="#00664B", clip_on=False)]


def _ticks(axes: Axes, bottom: float) -> None:
    step = max(1, math.ceil(-bottom / 6))
    ticks = [float(-step * i) for i in range(int(-bottom // step) + 1)]
    labels = ["1" if t == 0 else f"$\\leq 10^{{{t:.0f}}}$" if t <= FLOOR else f"$10^{{{t:.0f}}}$" for t in ticks]
    axes.set_yticks(ticks, labels)


def _look(entry: Entry) -> tuple[str, str, float]:
    """Colour, marker and size in points."""
    colour, marker, factor, _ = REFERENCES.get(entry.name, (BLUE, "o", 1.0, ""))
    return colour, "v" if is_under(entry) else marker, 4.0 * factor


def _point(axes: Axes, entry: Entry, bottom: float) -> None:
    """The marker, and both intervals as bars."""
    quality, utility = entry.cells["forget_quality"], entry.cells["model_utility"]
    x, y = utility.value, height_of(quality.value)
    colour, marker, size = _look(entry)
    bars: dict[str, Any] = {"color": colour, "linewidth": 0.6, "alpha": 0.28, "zorder": 2, "solid_capstyle": "butt"}
    if utility.low is not None:
        axes.plot([utility.low, utility.high], [y, y], **bars)
    if quality.low is not None:
        low = math.log10(quality.low) if quality.low > 0 else 2 * bottom  # off the panel
        axes.plot([x, x], [max(low, 2 * bottom), max(height_of(quality.high), FLOOR)], **bars)
    fill = "white" if "diverged" in entry.status else colour
    axes.plot(x, y, marker, markersize=size, color=colour, markerfacecolor=fill, markeredgewidth=0.7, zorder=4)


def _names(axes: Axes, entries: list[Entry], fixed: list) -> None:
    """Write each row's name near its point, off the ``fixed`` texts, and a line to it where it stands apart."""
    from matplotlib.patheffects import withStroke

    renderer = axes.figure.canvas.get_renderer()  # type: ignore[attr-defined]
    points = np.array([(e.value("model_utility"), height_of(e.value("forget_quality"))) for e in entries])
    points = axes.transData.transform(points)
    inches = axes.figure.dpi_scale_trans  # not pixels, of which PDF has others
    texts = [
        axes.text(
            0, 0, entry.method, transform=inches, fontsize=SMALL, color=_look(entry)[0], zorder=5,
            parse_math=False, va="bottom", ha="left", path_effects=[withStroke(linewidth=1.2, foreground="white")],
        )
        for entry in entries
    ]  # fmt: skip
    gap = 0.6 * DPI / 72
    extents = [text.get_window_extent(renderer) for text in texts]
    sizes = np.array([(extent.width, extent.height) for extent in extents]) + 2 * gap
    blocked = np.array([text.get_window_extent(renderer).extents for text in fixed])
    frame = axes.get_window_extent(renderer)
    right = axes.figure.bbox.width - gap  # names may stand in the margin on the right
    corners = place(points, sizes, (frame.x0, frame.y0, right, frame.y1), 2.6 * DPI / 72, blocked)
    for text, point, corner, size in zip(texts, points, corners, sizes, strict=True):
        text.set_position((corner + gap) / DPI)
        end = leader_end(point, np.concatenate([corner, corner + size]))
        if np.hypot(*(end - point)) > 4 * DPI / 72:
            line = zip(point / DPI, end / DPI, strict=True)
            axes.plot(*line, transform=inches, color="0.3", linewidth=0.45, zorder=3, clip_on=False)
