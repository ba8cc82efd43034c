"""A board as a figure: forget quality against model utility, one panel a split.

Forget quality is a p-value that spans hundreds of decades, so its axis is log10 and ends at ``FLOOR``: below that
two models differ beyond any doubt, and how far beyond says little. Points under the floor are drawn on it, as
triangles that point down, and the axis says so; intervals run off the panel there.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from benchmark.common.files import atomic_path
from benchmark.leaderboard.labels import leader_end, place
from benchmark.leaderboard.tables import splits
from benchmark.records.selection import KEPT_UTILITY

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from benchmark.leaderboard.build import Board
    from benchmark.leaderboard.entries import Entry

FLOOR = -10.0  # log10 of the lowest p-value that the axis tells from 0
LEVEL_OF_TEST = 0.05
COLUMN, TEXT = 3.5, 7.0  # inches: the width of one column of a paper, and of both
CROWDED = 20  # rows of a split beyond which a panel takes both columns
FONT, SMALL = 7.0, 6.0  # points, in a figure that is printed at its own size
BLUE, BLACK, BAND = "#0072B2", "#1A1A1A", "#009E73"  # blue and green of Okabe and Ito's palette
# Reference -> colour, marker, its size against a method's, name in the legend. Vermilion is Okabe and Ito's, the purple Tol's.
REFERENCES = {
    "finetuned": ("#D55E00", "s", 1.0, "fine-tuned"),
    "retrained": (BLACK, "*", 1.9, "retrained"),
    "base": ("#AA4499", "D", 0.9, "base"),
}
DPI = 300
LEFT = 0.52  # inches for the axis of forget quality
STYLE = ["default", {"font.size": FONT, "axes.linewidth": 0.6, "pdf.fonttype": 42}]  # whatever the user's settings are
METADATA = {"png": {"Software": None}, "pdf": {"CreationDate": None, "Producer": None, "Creator": None}}


def draw(board: Board, path: Path) -> None:
    """Write the figure as PNG to ``path`` and as PDF beside it; the same board gives the same bytes.

    Rows without forget quality or model utility are left out; a split of none says so.
    """
    from matplotlib import style

    figure = compose(board)
    with style.context(STYLE):
        for kind, metadata in METADATA.items():
            with atomic_path(Path(path).with_suffix(f".{kind}")) as temporary:
                figure.savefig(temporary, metadata=metadata)


def compose(board: Board) -> Figure:
    """The figure before it is written: panels below one another, over the same axis of utility."""
    from matplotlib import style
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    found = {split: [row for row in board.rows if row.split == split and _is_defined(row)] for split in splits(board)}
    everything = [row for rows in found.values() for row in rows]
    crowded = max((len(rows) for rows in found.values()), default=0) > CROWDED
    width, panel = (TEXT, 4.6 if len(found) == 1 else 3.6) if crowded else (COLUMN, 2.9 if len(found) == 1 else 2.5)
    bottom, between, top = 0.68, 0.25, 0.22  # inches; the legend stands below the last panel
    height = bottom + top + len(found) * panel + (len(found) - 1) * between
    with style.context(STYLE):
        figure = Figure(figsize=(width, height), dpi=DPI)
        FigureCanvasAgg(figure)  # which measures the names
        for i, (split, rows) in enumerate(found.items()):
            low = bottom + (len(found) - 1 - i) * (panel + between)
            axes = figure.add_axes((LEFT / width, low / height, 1 - (LEFT + 0.08) / width, panel / height))
            _panel(axes, rows, _across(everything), _up(rows), last=i == len(found) - 1)
            axes.yaxis.set_label_coords(-0.4 / (width - LEFT - 0.08), 0.5)  # the same for all panels
            axes.set_title(split, loc="left", fontsize=FONT, pad=3)
        _legend(figure, everything, height)
    return figure


def _is_defined(row: Entry) -> bool:
    return row.value("forget_quality") is not None and row.value("model_utility") is not None


def height_of(quality: float) -> float:
    """log10 of a p-value, no lower than the floor."""
    return max(math.log10(quality), FLOOR) if quality > 0 else FLOOR


def _across(rows: list[Entry]) -> tuple[float, float]:
    """Limits of utility, the same for all panels."""
    utility = [row.value("model_utility") for row in rows] or [0.0, 1.0]
    span = max(max(utility) - min(utility), 0.1)
    return min(utility) - 0.09 * span, max(utility) + 0.11 * span


def _up(rows: list[Entry]) -> tuple[float, float]:
    """Limits of log10 forget quality: each panel's own, since p-values of different n do not compare."""
    reach = max([2.0, *(-height_of(row.value("forget_quality")) for row in rows)])
    return -1.09 * reach, 0.06 * reach


def _panel(axes: Axes, rows: list[Entry], across: tuple, up: tuple, last: bool) -> None:
    axes.set_xlim(*across)
    axes.set_ylim(*up)
    axes.tick_params(length=2.5, width=0.6, labelsize=SMALL, labelbottom=last)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    _ticks(axes, up[0])
    axes.set_ylabel("forget quality (p-value)")
    if last:
        axes.set_xlabel("model utility")
    if not rows:
        axes.text(0.5, 0.5, "no row with both numbers", transform=axes.transAxes, ha="center", fontsize=SMALL)
        return
    axes.axhline(math.log10(LEVEL_OF_TEST), color="0.35", linewidth=0.6, linestyle=(0, (4, 2)), zorder=1)
    fixed = [
        axes.text(across[0], math.log10(LEVEL_OF_TEST), " p = 0.05", va="bottom", fontsize=SMALL, color="0.35"),
        *_band(axes, rows, across, up),
    ]
    for row in rows:
        _point(axes, row, up[0])
    _names(axes, rows, fixed)


def _band(axes: Axes, rows: list[Entry], across: tuple, up: tuple) -> list:
    """Utility of at least 90 % of the fine-tuned model's; its words, where it is drawn at all."""
    tuned = next((row.value("model_utility") for row in rows if row.name == "finetuned"), None)
    if tuned is None:
        return []
    start = KEPT_UTILITY * tuned
    axes.axvspan(max(start, across[0]), across[1], color=BAND, alpha=0.1, linewidth=0, zorder=0)
    words = f" ≥ {KEPT_UTILITY:.0%} of fine-tuned utility".replace("%", " %")
    return [axes.text(across[1], up[1], words, ha="right", va="bottom", fontsize=SMALL, color="#00664B", clip_on=False)]


def _ticks(axes: Axes, bottom: float) -> None:
    step = max(1, math.ceil(-bottom / 6))
    ticks = [float(-step * i) for i in range(int(-bottom // step) + 1)]
    labels = ["1" if t == 0 else f"$\\leq 10^{{{t:.0f}}}$" if t <= FLOOR else f"$10^{{{t:.0f}}}$" for t in ticks]
    axes.set_yticks(ticks, labels)


def _look(row: Entry) -> tuple[str, str, float]:
    """Colour, marker and size in points."""
    colour, marker, factor, _ = REFERENCES.get(row.name, (BLUE, "o", 1.0, ""))
    return colour, "v" if _is_under(row) else marker, 4.0 * factor


def _is_under(row: Entry) -> bool:
    return row.value("forget_quality") < 10**FLOOR


def _point(axes: Axes, row: Entry, bottom: float) -> None:
    quality, utility = row.cells["forget_quality"], row.cells["model_utility"]
    x, y = utility.value, height_of(quality.value)
    colour, marker, size = _look(row)
    bars = {"color": colour, "linewidth": 0.6, "alpha": 0.28, "zorder": 2, "solid_capstyle": "butt"}
    if utility.low is not None:
        axes.plot([utility.low, utility.high], [y, y], **bars)
    if quality.low is not None:
        low = math.log10(quality.low) if quality.low > 0 else 2 * bottom  # off the panel
        axes.plot([x, x], [max(low, 2 * bottom), max(height_of(quality.high), FLOOR)], **bars)
    fill = "white" if "diverged" in row.status else colour
    axes.plot(x, y, marker, markersize=size, color=colour, markerfacecolor=fill, markeredgewidth=0.7, zorder=4)


def _names(axes: Axes, rows: list[Entry], fixed: list) -> None:
    from matplotlib.patheffects import withStroke

    renderer = axes.figure.canvas.get_renderer()
    points = np.array([(r.value("model_utility"), height_of(r.value("forget_quality"))) for r in rows])
    points = axes.transData.transform(points)
    inches = axes.figure.dpi_scale_trans  # not pixels, of which PDF has others
    texts = [
        axes.text(
            0, 0, row.method, transform=inches, fontsize=SMALL, color=_look(row)[0], zorder=5,
            parse_math=False, va="bottom", ha="left", path_effects=[withStroke(linewidth=1.2, foreground="white")],
        )
        for row in rows
    ]  # fmt: skip
    gap = 0.6 * DPI / 72
    sizes = np.array([(e.width, e.height) for e in (text.get_window_extent(renderer) for text in texts)]) + 2 * gap
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


def _legend(figure: Figure, rows: list[Entry], height: float) -> None:
    from matplotlib.lines import Line2D

    def entry(name: str, colour: str, marker: str, size: float, fill: str | None = None) -> Line2D:
        return Line2D([], [], color=colour, marker=marker, markersize=size, linestyle="", label=name,
                      markerfacecolor=fill or colour, markeredgewidth=0.7)  # fmt: skip

    there = {row.name for row in rows}
    entries = [entry("method", BLUE, "o", 4.0)]
    if any("diverged" in row.status for row in rows):
        entries.append(entry("diverged", BLUE, "o", 4.0, "white"))
    entries += [entry(said, c, m, 4.0 * f) for name, (c, m, f, said) in REFERENCES.items() if name in there]
    if any(_is_under(row) for row in rows):
        entries.append(entry(f"below $10^{{{FLOOR:.0f}}}$", BLUE, "v", 4.0))
    entries.append(Line2D([], [], color=BLUE, alpha=0.5, linewidth=0.8, label="95 % interval"))
    columns = len(entries) if figure.get_figwidth() > COLUMN else math.ceil(len(entries) / 2)
    figure.legend(
        handles=entries, loc="lower center", bbox_to_anchor=(0.5, 0.02 / height), ncols=columns, frameon=False,
        fontsize=SMALL, handletextpad=0.3, columnspacing=1.0, borderaxespad=0, handlelength=1.2, labelspacing=0.25,
    )  # fmt: skip
