"""A scorecard as a figure: of each column that reads the forget rows its AUC with limits, the smallest dose it finds,
and how far rounding and an epoch of relearning move models that never knew."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from benchmark.common.files import atomic_path
from benchmark.leaderboard.figure import FONT, METADATA, STYLE, TEXT
from benchmark.leaderboard.panel import DPI, SIZE
from benchmark.leaderboard.view import BLUE, GREEN, SMALL
from benchmark.scorecard.columns import OPEN_UNLEARNING, OURS, TOFU
from benchmark.scorecard.measure import Score

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LOOKS = {OURS: (BLUE, "o"), TOFU: ("#D55E00", "s"), OPEN_UNLEARNING: (GREEN, "D")}  # colour, marker: Okabe and Ito's
ROW, TOP, BELOW = 0.135, 0.12, 0.62  # inches
NAMES, GAP, DOSES, SHIFTS = 2.15, 0.16, 1.2, 1.35  # inches across; the AUC has the rest
NEVER = "none"  # no dose is detected


def draw(scores: list[Score], path: str | Path) -> None:
    """Write the figure as PNG; the same scores give the same bytes."""
    from matplotlib import style

    figure = compose(scores)
    with style.context(STYLE), atomic_path(path) as temporary:
        figure.savefig(temporary, metadata=METADATA["png"])


def compose(scores: list[Score]) -> Figure:
    """The figure before it is written: one line a column, the best above. Columns without an AUC are left out."""
    from matplotlib import style
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    rows = [row for row in scores if row.column.reads_forget and row.auc is not None]
    height = TOP + BELOW + ROW * max(len(rows), 1)
    with style.context(STYLE):
        figure = Figure(figsize=(TEXT, height), dpi=DPI)
        FigureCanvasAgg(figure)
        aucs = TEXT - NAMES - 2 * GAP - DOSES - SHIFTS - 0.1
        widths, part = (aucs, DOSES, SHIFTS), (height - TOP - BELOW) / height
        starts = [NAMES + sum(widths[:i]) + i * GAP for i in range(len(widths))]
        places = zip(starts, widths, strict=True)
        panels = [figure.add_axes((start / TEXT, BELOW / height, width / TEXT, part)) for start, width in places]
        for draw_panel, axes in zip((_auc_panel, _dose_panel, _shift_panel), panels, strict=True):
            draw_panel(axes, rows)
        for axes in panels:
            axes.set_ylim(max(len(rows), 1) - 0.4, -0.6)
            axes.tick_params(length=2.5, width=0.6, labelsize=SMALL)
            axes.grid(axis="y", color="0.92", linewidth=0.5)
            axes.set_axisbelow(True)
            for side in ("top", "right"):
                axes.spines[side].set_visible(False)
        for axes in panels[1:]:
            axes.set_yticks(range(len(rows)), [""] * len(rows))
        _legend(figure, rows, height)
    return figure


def _auc_panel(axes: Axes, rows: list[Score]) -> None:
    axes.axvline(0.5, color="0.6", linewidth=0.6, linestyle=(0, (4, 2)), zorder=1)
    for place, row in enumerate(rows):
        colour, marker = LOOKS[row.column.family]
        assert row.auc is not None and row.low is not None and row.high is not None  # compose leaves the others out
        axes.plot([row.low, row.high], [place, place], color=colour, linewidth=0.8, alpha=0.5, zorder=2)
        axes.plot(row.auc, place, marker, color=colour, markersize=SIZE * 0.85, zorder=3)
    axes.set_xlim(-0.02, 1.03)
    axes.set_xlabel("AUC, models that know and never knew", fontsize=FONT)
    axes.set_yticks(range(len(rows)), [row.column.name for row in rows])
    for tick, row in zip(axes.get_yticklabels(), rows, strict=True):
        tick.set_color(LOOKS[row.column.family][0])


def _dose_panel(axes: Axes, rows: list[Score]) -> None:
    shares = sorted({row.smallest_dose for row in rows if row.smallest_dose is not None})
    for place, row in enumerate(rows):
        colour, marker = LOOKS[row.column.family]
        known = row.smallest_dose is not None
        across = shares.index(row.smallest_dose) if row.smallest_dose is not None else len(shares)
        axes.plot(across, place, marker, color=colour, markersize=SIZE * 0.85, markerfacecolor=colour if known else "white",
                  markeredgewidth=0.7)  # fmt: skip
    axes.set_xlim(-0.5, len(shares) + 0.5)
    axes.set_xticks(range(len(shares) + 1), [*(f"{100 * share:g}" for share in shares), NEVER])
    axes.set_xlabel("smallest detectable dose, %", fontsize=FONT)


def _shift_panel(axes: Axes, rows: list[Score]) -> None:
    axes.axvline(0, color="0.6", linewidth=0.6, linestyle=(0, (4, 2)), zorder=1)
    for place, row in enumerate(rows):
        colour, marker = LOOKS[row.column.family]
        for shift, fill in ((row.rounded.shift, "white"), (row.relearned.shift, colour)):
            if shift is not None:
                axes.plot(
                    shift,
                    place,
                    marker,
                    color=colour,
                    markersize=SIZE * 0.85,
                    markerfacecolor=fill,
                    markeredgewidth=0.7,
                )
    axes.set_xlim(-0.12, 1.1)
    axes.set_xticks([0, 0.5, 1], ["0", "0.5", "1"])
    axes.set_xlabel("moved by an epoch (4 bits: ○)", fontsize=FONT)


def _legend(figure: Figure, rows: list[Score], height: float) -> None:
    from matplotlib.lines import Line2D

    drawn = {row.column.family for row in rows}
    handles = [
        Line2D([], [], color=colour, marker=marker, linestyle="", markersize=SIZE * 0.85, label=family)
        for family, (colour, marker) in LOOKS.items()
        if family in drawn
    ]
    if handles:
        figure.legend(handles=handles, loc="lower center", bbox_to_anchor=(0.5, 0.03 / height), ncols=len(handles),
                      frameon=False, fontsize=SMALL, handletextpad=0.3, columnspacing=1.2, borderaxespad=0)  # fmt: skip
