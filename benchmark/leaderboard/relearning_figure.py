"""Relearning as a figure: how likely the gold answers become again on the way, one line a method, from the records alone.

One panel a split and kind of rows trained on. Retrained models are a band (each model a line, filled between), fine-tuned and base lines of
their own. Lines that lie far below all of these run off the panel.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from benchmark.leaderboard.board import Board
from benchmark.leaderboard.figure import STYLE, save
from benchmark.leaderboard.panel import REFERENCES
from benchmark.leaderboard.stacked import stacked
from benchmark.leaderboard.view import BLUE, SMALL

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

END = "relearn_excess_end_"  # columns whose measurement holds a curve
NATS = "nats_"
KINDS = {
    "forget": "trained on other forget rows", "retain": "trained on retained rows",
    "same_form": "trained on retained rows of the same form",
}  # fmt: skip
PANEL, LEFT, BETWEEN = 2.3, 0.5, 0.3  # inches: a panel's height, left of panels, between them
Curve = dict[int, float]  # step -> mean log-probability of the gold answers, nats a token


def draw_relearning(board: Board, path: str | Path) -> bool:
    """Write the figure as PNG to ``path`` and as PDF beside it, if any record of the board has a curve.

    Returns:
        Whether there was one.
    """
    panels = panels_of(board)
    if panels:
        save(compose(board, panels), path)
    return bool(panels)


def panels_of(board: Board) -> list[tuple[str, str]]:
    """(split, kind of rows) of each panel: those of which any row has a curve."""
    columns = {name for record in board.records for name in record.metrics if name.startswith(END)}
    kinds = sorted((name.removeprefix(END) for name in columns), key=lambda kind: (kind not in KINDS, kind))
    return [(split, kind) for split in board.splits for kind in kinds if any(curves(board, split, kind).values())]


def curves(board: Board, split: str, kind: str) -> dict[str, list[Curve]]:
    """Row of the board -> the curve of each of its runs."""
    made: dict[str, list[Curve]] = {}
    for entry in (entry for entry in board.rows if entry.split == split):
        own = [record.metrics.get(f"{END}{kind}") or {} for record in board.records_of(entry)]
        extras = [{name: x for name, x in (m.get("extra") or {}).items() if name.startswith(NATS)} for m in own]
        made[entry.method] = [{int(n.removeprefix(NATS)): float(x) for n, x in e.items()} for e in extras if e]
    return made


def compose(board: Board, panels: list[tuple[str, str]]) -> Figure:
    """The figure before it is written: panels below one another."""
    from matplotlib import style

    with style.context(STYLE):
        titles = [f"{split}, {KINDS.get(kind, kind)}" for split, kind in panels]
        figure, drawn = stacked(titles, [PANEL] * len(panels), LEFT, BETWEEN)
        for axes, (split, kind) in zip(drawn, panels, strict=True):
            _panel(axes, board, split, kind)
        drawn[-1].set_xlabel("steps of training")
    return figure


def _panel(axes: Axes, board: Board, split: str, kind: str) -> None:
    known = curves(board, split, kind)
    roles = {entry.method: (entry.role, entry.name) for entry in board.rows if entry.split == split}
    steps = sorted({step for own in known.values() for curve in own for step in curve})
    ends: list[tuple[float, str, str]] = []  # height at the last step, name, colour
    inside: list[float] = []
    for method, own in known.items():
        whole = [[curve[step] for step in steps] for curve in own if curve.keys() == set(steps)]
        role, name = roles[method]
        if not whole or role == "control":
            continue
        colour = REFERENCES[name][0] if name in REFERENCES else BLUE
        lines, mean = np.array(whole), np.mean(whole, axis=0)
        if name in REFERENCES:
            inside += [float(lines.min()), float(lines.max())]
        if name == "retrained":
            axes.fill_between(range(len(steps)), lines.min(axis=0), lines.max(axis=0), color=colour, alpha=0.2, lw=0)
        axes.plot(range(len(steps)), mean, color=colour, linewidth=1.2 if name in REFERENCES else 0.7, zorder=3)
        ends.append((float(mean[-1]), method, colour))
    everything = inside or [y for y, _, _ in ends]
    span = max(max(everything) - min(everything), 0.1)
    axes.set_ylim(min(everything) - 0.25 * span, max(everything) + 0.06 * span)
    axes.set_xlim(0, max(len(steps) - 1, 1))
    axes.set_xticks(range(len(steps)), [str(step) for step in steps])
    axes.set_ylabel("log p of the gold answers, nats a token")
    _names(axes, ends)


def _names(axes: Axes, ends: Iterable[tuple[float, str, str]]) -> None:
    """Names at the right, each as near to its line's end as the others leave it room."""
    low, high = axes.get_ylim()
    ordered = sorted(ends, reverse=True)
    size = min(SMALL, 72 * PANEL / max(len(ordered), 1))  # points
    gap = (high - low) * size / (72 * PANEL)
    heights = np.clip([y for y, _, _ in ordered], low, high)
    for i in range(1, len(heights)):  # down from the top ...
        heights[i] = min(heights[i], heights[i - 1] - gap)
    for i in range(len(heights) - 1, -1, -1):  # ... and up again where the last ones fell off the panel
        heights[i] = max(heights[i], low if i == len(heights) - 1 else heights[i + 1] + gap)
    for height, (_, name, colour) in zip(heights, ordered, strict=True):
        axes.text(
            1.02, (height - low) / (high - low), name, transform=axes.transAxes, color=colour, fontsize=size,
            va="center", parse_math=False, clip_on=False,
        )  # fmt: skip
