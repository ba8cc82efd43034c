"""One panel of a board's figure: the rows of a split as points, with intervals and names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from benchmark.leaderboard.entries import Entry
from benchmark.leaderboard.labels import leader_end, place
from benchmark.leaderboard.view import BLACK, BLUE, SMALL, View

if TYPE_CHECKING:
    from matplotlib.axes import Axes

DPI = 300
SIZE = 4.0  # points, of a method's marker
GREY = "0.45"
# Reference -> colour, marker, its size against a method's, name in the legend. Vermilion is Okabe and Ito's, the purple Tol's.
REFERENCES = {
    "finetuned": ("#D55E00", "s", 1.0, "fine-tuned"),
    "retrained": (BLACK, "*", 1.9, "retrained"),
    "base": ("#AA4499", "D", 0.9, "base"),
}
CONTROL = (GREY, "o", 0.6, "control")
METHOD = (BLUE, "o", 1.0, "method")


def look(entry: Entry) -> tuple[str, str, float, str]:
    """Colour, marker, size against a method's, and what the legend calls it."""
    if entry.role == "control":
        return CONTROL
    return REFERENCES.get(entry.name, METHOD) if entry.role == "model" else METHOD


def draw_panel(axes: Axes, entries: list[Entry], view: View, across: tuple[float, float], last: bool) -> None:
    """Draw the rows of a split.

    Args:
        entries: rows that have a point in this view.
        across: limits of utility, the same for all panels, see ``View.across``.
        last: the lowest panel, under which utility is written.
    """
    view.set_across(axes, across)
    axes.set_ylim(*view.limits(entries))
    axes.set_yticks(*view.ticks(*axes.get_ylim()))
    axes.tick_params(length=2.5, width=0.6, labelsize=SMALL, labelbottom=last)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    axes.set_ylabel(view.y_label)
    if last:
        axes.set_xlabel(view.x_label)
    if not entries:
        axes.text(0.5, 0.5, "no row with both numbers", transform=axes.transAxes, ha="center", fontsize=SMALL)
        return
    fixed = view.background(axes, entries)
    for entry, on_front in zip(entries, view.front(entries), strict=True):
        _point(axes, entry, view, on_front)
    _names(axes, entries, view, fixed)


def _point(axes: Axes, entry: Entry, view: View, on_front: bool) -> None:
    """The marker, and both intervals as bars, which run off the panel where they end beyond it."""
    (x, y), utility, other = view.place(entry), entry.cells[view.x], entry.cells[view.y]
    colour, marker, factor, _ = look(entry)
    bars: dict[str, Any] = {"color": colour, "linewidth": 0.6, "alpha": 0.28, "zorder": 2, "solid_capstyle": "butt"}
    if utility.low is not None:
        axes.plot([utility.low, utility.high], [y, y], **bars)
    if other.low is not None and other.high is not None:
        ends = sorted(view.height(limit) for limit in (other.low, other.high))
        off = 2 * axes.get_ylim()[0]
        axes.plot([x, x], [max(ends[0], off), max(ends[1], view.floor)], **bars)
    fill = "white" if "diverged" in entry.status else colour
    edge = BLACK if on_front else colour
    axes.plot(
        x, y, "v" if view.is_under(entry) else marker, markersize=SIZE * factor, color=colour,
        markerfacecolor=fill, markeredgecolor=edge, markeredgewidth=0.7, zorder=3.5 if entry.role == "control" else 4,
    )  # fmt: skip


def _names(axes: Axes, entries: list[Entry], view: View, fixed: list) -> None:
    """Write each row's name near its point, off the ``fixed`` texts, and a line to it where it stands apart."""
    from matplotlib.patheffects import withStroke

    renderer = axes.figure.canvas.get_renderer()  # type: ignore[attr-defined]
    points = axes.transData.transform(np.array([view.place(entry) for entry in entries]))
    inches = axes.figure.dpi_scale_trans  # not pixels, of which PDF has others
    texts = [
        axes.text(
            0, 0, entry.method, transform=inches, fontsize=SMALL, color=look(entry)[0], zorder=5,
            parse_math=False, va="bottom", ha="left", path_effects=[withStroke(linewidth=1.2, foreground="white")],
        )
        for entry in entries
    ]  # fmt: skip
    gap = 0.6 * DPI / 72
    extents = [text.get_window_extent(renderer) for text in texts]
    sizes = np.array([(extent.width, extent.height) for extent in extents]) + 2 * gap
    blocked = np.array([text.get_window_extent(renderer).extents for text in fixed]).reshape(-1, 4)
    frame = axes.get_window_extent(renderer)
    right = axes.figure.bbox.width - gap  # names may stand in the margin on the right
    corners = place(points, sizes, (frame.x0, frame.y0, right, frame.y1), 2.6 * DPI / 72, blocked)
    for text, point, corner, size in zip(texts, points, corners, sizes, strict=True):
        text.set_position((corner + gap) / DPI)
        end = leader_end(point, np.concatenate([corner, corner + size]))
        if np.hypot(*(end - point)) > 4 * DPI / 72:
            line = zip(point / DPI, end / DPI, strict=True)
            axes.plot(*line, transform=inches, color="0.3", linewidth=0.45, zorder=3, clip_on=False)
