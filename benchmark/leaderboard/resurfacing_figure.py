"""What comes back, as a figure: an arrow a row, from its residual to its highest residual under any attack.

One panel a split, rows in the board's order, 0 being a retrained model and 1 the model before unlearning. A row's arrow is named
by the attack at its head. Without attacks there is no figure.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from benchmark.leaderboard.board import Board
from benchmark.leaderboard.entries import Entry
from benchmark.leaderboard.figure import STYLE, save
from benchmark.leaderboard.panel import look
from benchmark.leaderboard.ranking import WORST
from benchmark.leaderboard.stacked import stacked
from benchmark.leaderboard.view import SMALL

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

BEFORE = "residual"
LINE, LEFT, BETWEEN = 0.13, 1.1, 0.5  # inches: a row's height, left of panels, between them
EDGE = 0.1  # of the unit, beyond the last number


@dataclass(frozen=True)
class Arrow:
    """One row: its residual before and under the attack that brings most back, with that one's 95 % interval."""

    name: str
    colour: str
    before: float
    after: float
    low: float | None
    high: float | None
    attack: str


def draw_resurfacing(board: Board, path: str | Path) -> bool:
    """Write the figure as PNG to ``path`` and as PDF beside it, if any row of the board was attacked.

    Returns:
        Whether one was.
    """
    panels = {split: own for split in board.splits if (own := arrows(board, split))}
    if panels:
        save(compose(panels), path)
    return bool(panels)


def arrows(board: Board, split: str) -> list[Arrow]:
    """The rows of a split that have both numbers, in the board's order."""
    made = []
    for entry in (entry for entry in board.rows if entry.split == split):
        before, worst = entry.value(BEFORE), entry.cells.get(WORST)
        if before is not None and worst is not None and worst.value is not None:
            attack = _attack(board, entry)
            made.append(Arrow(entry.method, look(entry)[0], before, worst.value, worst.low, worst.high, attack))
    return made


def _attack(board: Board, entry: Entry) -> str:
    """The attack that brings most back; of several runs that of most of them."""
    measured = [record.metrics.get(WORST) or {} for record in board.records_of(entry)]
    names = [str((own.get("extra") or {}).get("attack", "")) for own in measured]
    ((name, _),) = Counter(names or [""]).most_common(1)
    return name.replace("_", " ")


def compose(panels: dict[str, list[Arrow]]) -> Figure:
    """The figure before it is written: panels below one another, as high as their rows need."""
    from matplotlib import style

    with style.context(STYLE):
        figure, drawn = stacked(list(panels), [LINE * (len(own) + 1) for own in panels.values()], LEFT, BETWEEN)
        for axes, own in zip(drawn, panels.values(), strict=True):
            _panel(axes, own)
        drawn[-1].set_xlabel("residual: 0 as retrained, 1 as before unlearning")
    return figure


def _panel(axes: Axes, own: list[Arrow]) -> None:
    numbers = np.array([x for arrow in own for x in (arrow.before, arrow.after)] + [0.0, 1.0])
    left, right = max(numbers.min(), -1.0) - EDGE, min(numbers.max(), 2.0) + EDGE  # what broke runs off the panel
    axes.set_xlim(left, right)
    axes.set_ylim(len(own), -1)
    for at in (0.0, 1.0):
        axes.axvline(at, color="0.8", linewidth=0.6, zorder=1)
    for i, arrow in enumerate(own):
        if arrow.low is not None and arrow.high is not None:
            axes.plot([arrow.low, arrow.high], [i, i], color=arrow.colour, alpha=0.25, linewidth=2.5, zorder=2)
        axes.plot([arrow.before], [i], "o", color=arrow.colour, markersize=2, zorder=3)
        head = {
            "arrowstyle": "-|>,head_width=0.12,head_length=0.25",
            "color": arrow.colour,
            "lw": 0.7,
            "shrinkA": 0,
            "shrinkB": 0,
        }
        tail, tip = np.clip((arrow.before, arrow.after), left, right)
        axes.annotate("", (tip, i), (tail, i), arrowprops=head, zorder=3)
        if arrow.attack:
            axes.text(
                1.02, i, arrow.attack, transform=axes.get_yaxis_transform(), color=arrow.colour, fontsize=SMALL - 1,
                va="center", parse_math=False, clip_on=False,
            )  # fmt: skip
    axes.set_yticks(range(len(own)), [arrow.name for arrow in own], fontsize=SMALL, parse_math=False)
