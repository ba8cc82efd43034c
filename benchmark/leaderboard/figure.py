"""A board as a figure: forget quality against model utility, one panel a split.

Forget quality is a p-value that spans hundreds of decades, so its axis is log10 and ends at ``FLOOR``: below that
two models differ beyond any doubt, and how far beyond says little. Points under the floor are drawn on it, as
triangles that point down, and the axis says so; intervals run off the panel there.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmark.common.files import atomic_path
from benchmark.leaderboard.board import Board
from benchmark.leaderboard.entries import Entry
from benchmark.leaderboard.panel import BLUE, DPI, FLOOR, REFERENCES, SMALL, draw_panel, is_under

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COLUMN, TEXT = 3.5, 7.0  # inches: the width of one column of a paper, and of both
CROWDED = 20  # rows of a split beyond which a panel takes both columns
FONT = 7.0  # points, in a figure that is printed at its own size
LEFT = 0.52  # inches for the axis of forget quality
STYLE: list[Any] = [
    "default",
    {"font.size": FONT, "axes.linewidth": 0.6, "pdf.fonttype": 42},
]  # whatever the user's settings are
METADATA = {"png": {"Software": None}, "pdf": {"CreationDate": None, "Producer": None, "Creator": None}}


def draw(board: Board, path: str | Path) -> None:
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

    panels = {
        split: [entry for entry in board.rows if entry.split == split and _is_defined(entry)] for split in board.splits
    }
    everything = [entry for entries in panels.values() for entry in entries]
    crowded = max((len(entries) for entries in panels.values()), default=0) > CROWDED
    width, panel = (TEXT, 4.6 if len(panels) == 1 else 3.6) if crowded else (COLUMN, 2.9 if len(panels) == 1 else 2.5)
    bottom, between, top = 0.68, 0.25, 0.22  # inches; the legend stands below the last panel
    height = bottom + top + len(panels) * panel + (len(panels) - 1) * between
    with style.context(STYLE):
        figure = Figure(figsize=(width, height), dpi=DPI)
        FigureCanvasAgg(figure)  # which measures the names
        for i, (split, entries) in enumerate(panels.items()):
            low = bottom + (len(panels) - 1 - i) * (panel + between)
            axes = figure.add_axes((LEFT / width, low / height, 1 - (LEFT + 0.08) / width, panel / height))
            draw_panel(axes, entries, _across(everything), last=i == len(panels) - 1)
            axes.yaxis.set_label_coords(-0.4 / (width - LEFT - 0.08), 0.5)  # the same for all panels
            axes.set_title(split, loc="left", fontsize=FONT, pad=3)
        _legend(figure, everything, height)
    return figure


def _is_defined(entry: Entry) -> bool:
    return entry.value("forget_quality") is not None and entry.value("model_utility") is not None


def _across(entries: list[Entry]) -> tuple[float, float]:
    """Limits of utility, the same for all panels."""
    utility = [entry.value("model_utility") for entry in entries] or [0.0, 1.0]
    span = max(max(utility) - min(utility), 0.1)
    return min(utility) - 0.09 * span, max(utility) + 0.11 * span


def _legend(figure: Figure, entries: list[Entry], height: float) -> None:
    from matplotlib.lines import Line2D

    def symbol(name: str, colour: str, marker: str, size: float, fill: str | None = None) -> Line2D:
        return Line2D([], [], color=colour, marker=marker, markersize=size, linestyle="", label=name,
                      markerfacecolor=fill or colour, markeredgewidth=0.7)  # fmt: skip

    drawn = {entry.name for entry in entries}
    symbols = [symbol("method", BLUE, "o", 4.0)]
    if any("diverged" in entry.status for entry in entries):
        symbols.append(symbol("diverged", BLUE, "o", 4.0, "white"))
    symbols += [symbol(text, c, m, 4.0 * f) for name, (c, m, f, text) in REFERENCES.items() if name in drawn]
    if any(is_under(entry) for entry in entries):
        symbols.append(symbol(f"below $10^{{{FLOOR:.0f}}}$", BLUE, "v", 4.0))
    symbols.append(Line2D([], [], color=BLUE, alpha=0.5, linewidth=0.8, label="95 % interval"))
    columns = len(symbols) if figure.get_figwidth() > COLUMN else math.ceil(len(symbols) / 2)
    figure.legend(
        handles=symbols, loc="lower center", bbox_to_anchor=(0.5, 0.02 / height), ncols=columns, frameon=False,
        fontsize=SMALL, handletextpad=0.3, columnspacing=1.0, borderaxespad=0, handlelength=1.2, labelspacing=0.25,
    )  # fmt: skip
