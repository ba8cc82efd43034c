"""A board as a figure, one panel a split: distance from the retrained models against utility kept.

Boards without distances (one retrained model, imported logs) show forget quality against model utility. What is beyond the end
of an axis is drawn on it, as triangles that point down, and the axis says so; intervals run off the panel there.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmark.common.files import atomic_path
from benchmark.leaderboard.board import Board
from benchmark.leaderboard.distance_view import DistanceView
from benchmark.leaderboard.entries import Entry
from benchmark.leaderboard.panel import CONTROL, DPI, METHOD, REFERENCES, SIZE, draw_panel, look
from benchmark.leaderboard.quality_view import QualityView
from benchmark.leaderboard.view import BLUE, SMALL, View

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.figure import Figure

COLUMN, TEXT = 3.5, 7.0  # inches: the width of one column of a paper, and of both
CROWDED = 20  # rows of a split beyond which a panel takes both columns
FONT = 7.0  # points, in a figure that is printed at its own size
LEFT = 0.52  # inches for the upright axis
LEGEND = 0.13  # inches a line of the legend
STYLE: list[Any] = [
    "default",
    {"font.size": FONT, "axes.linewidth": 0.6, "pdf.fonttype": 42},
]  # whatever the user's settings are
METADATA = {"png": {"Software": None}, "pdf": {"CreationDate": None, "Producer": None, "Creator": None}}


def draw(board: Board, path: str | Path) -> None:
    """Write the figure as PNG to ``path`` and as PDF beside it; the same board gives the same bytes.

    Rows without a value on either axis are left out; a split of none says so.
    """
    save(compose(board), path)


def save(figure: Figure, path: str | Path) -> None:
    """Write a figure as PNG to ``path`` and as PDF beside it, with nothing in it that changes from one call to the next."""
    from matplotlib import style

    with style.context(STYLE):
        for kind, metadata in METADATA.items():
            with atomic_path(Path(path).with_suffix(f".{kind}")) as temporary:
                figure.savefig(temporary, metadata=metadata)


def view_of(board: Board) -> View:
    """Distance against utility kept, where any row has both."""
    view = DistanceView(board.yardsticks)
    return view if any(view.is_defined(entry) for entry in board.rows) else QualityView()


def compose(board: Board, view: View | None = None) -> Figure:
    """The figure before it is written: panels below one another, over the same axis of utility.

    Args:
        view: its axes; None: ``view_of`` the board.
    """
    from matplotlib import style
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    view = view or view_of(board)
    panels = {split: [e for e in board.rows if e.split == split and view.is_defined(e)] for split in board.splits}
    everything = [entry for entries in panels.values() for entry in entries]
    crowded = max((len(entries) for entries in panels.values()), default=0) > CROWDED
    width, panel = (TEXT, 4.6 if len(panels) == 1 else 3.6) if crowded else (COLUMN, 2.9 if len(panels) == 1 else 2.5)
    with style.context(STYLE):
        symbols = _symbols(everything, view)
        columns = len(symbols) if width > COLUMN else math.ceil(len(symbols) / math.ceil(len(symbols) / 3))
        below = 0.42 + LEGEND * math.ceil(len(symbols) / columns)  # inches; the legend stands below the last panel
        between, top = 0.25, 0.22
        height = below + top + len(panels) * panel + (len(panels) - 1) * between
        figure = Figure(figsize=(width, height), dpi=DPI)
        FigureCanvasAgg(figure)  # which measures the names
        for i, (split, entries) in enumerate(panels.items()):
            low = below + (len(panels) - 1 - i) * (panel + between)
            axes = figure.add_axes((LEFT / width, low / height, 1 - (LEFT + 0.08) / width, panel / height))
            draw_panel(axes, entries, view, view.across(everything), last=i == len(panels) - 1)
            axes.yaxis.set_label_coords(-0.4 / (width - LEFT - 0.08), 0.5)  # the same for all panels
            axes.set_title(split, loc="left", fontsize=FONT, pad=3)
        figure.legend(
            handles=symbols, loc="lower center", bbox_to_anchor=(0.5, 0.02 / height), ncols=columns, frameon=False,
            fontsize=SMALL, handletextpad=0.3, columnspacing=1.0, borderaxespad=0, handlelength=1.2, labelspacing=0.25,
        )  # fmt: skip
    return figure


def _symbols(entries: list[Entry], view: View) -> list[Artist]:
    """What the legend explains: the symbols, lines and areas that are drawn."""
    from matplotlib.lines import Line2D

    def symbol(name: str, colour: str, marker: str, factor: float, fill: str | None = None) -> Line2D:
        return Line2D([], [], color=colour, marker=marker, markersize=SIZE * factor, linestyle="", label=name,
                      markerfacecolor=fill or colour, markeredgewidth=0.7)  # fmt: skip

    def line(kind: tuple[str, str, float, str]) -> Line2D:
        colour, marker, factor, text = kind
        return symbol(text, colour, marker, factor)

    drawn = {look(entry) for entry in entries}
    symbols: list[Artist] = [line(METHOD)]
    if any("diverged" in entry.status for entry in entries):
        symbols.append(symbol("diverged", BLUE, "o", 1.0, "white"))
    symbols += [line(kind) for kind in (CONTROL, *REFERENCES.values()) if kind in drawn]
    if any(view.is_under(entry) for entry in entries):
        symbols.append(symbol(view.floor_label, BLUE, "v", 1.0))
    symbols += view.legend(entries)
    if any(entry.cells[column].low is not None for entry in entries for column in (view.x, view.y)):
        symbols.append(Line2D([], [], color=BLUE, alpha=0.5, linewidth=0.8, label="95 % interval"))
    return symbols
