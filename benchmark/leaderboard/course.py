"""The course of unlearning, for boards whose runs were looked at on the way (``scoring.every``): a table and a figure.

Nothing is chosen or ranked by it. A curve that dips and comes back tells an epoch that looks better than the last one; which
epoch that is cannot be known without the retrained models, so the board has the last one.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmark.common.files import as_csv, write_text
from benchmark.leaderboard.board import Board
from benchmark.leaderboard.entries import Entry
from benchmark.leaderboard.figure import FONT, LEGEND, STYLE, TEXT, save
from benchmark.leaderboard.panel import DPI, REFERENCES
from benchmark.leaderboard.view import SMALL
from benchmark.records.record import Record

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COUNTS = ("epoch", "step")  # in a course beside its metrics
COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#8C564B", "#6A51A3")  # Okabe and Ito's, and two more
DASHES: tuple[Any, ...] = ("-", (0, (4, 1.5)), (0, (1, 1)), (0, (5, 1, 1, 1)), (0, (7, 2, 1, 2, 1, 2)))
PANEL, ROOM, ABOVE, BELOW = 1.75, 0.4, 0.24, 0.42  # inches: a panel's height, between panels, above and below all


def has_course(board: Board) -> bool:
    """Whether any record was looked at on the way."""
    return any(looks(record) for record in board.records)


def looks(record: Record) -> int:
    """How often it was."""
    return len(record.course.get("epoch", ()))


def write_course(folder: Path, board: Board) -> None:
    """Write course.csv, course.png and course.pdf where there is a course."""
    if has_course(board):
        write_text(folder / "course.csv", course_csv(board))
        save(compose_course(board), folder / "course.png")


def course_csv(board: Board) -> str:
    """A line a run and look: epochs and optimiser steps done, and the metrics; undefined ones are empty.

    Where runs start from several fine-tuned models there is a column of their seeds, as in ``results.csv``.
    """
    names = course_columns(board)
    lines = [
        [
            entry.method,
            entry.split,
            *(getattr(record, field) for field in board.seed_fields),
            *(f"{record.course[c][i]:.0f}" for c in COUNTS),
            *_at(record, i, names),
        ]
        for entry, records in looked_at(board)
        for record in records
        for i in range(looks(record))
    ]
    return as_csv(["method", "split", *board.seed_fields, *COUNTS, *names], lines)


def compose_course(board: Board) -> Figure:
    """The figure before it is written: a row of panels a split, a column a metric, a curve a method (mean over its seeds)."""
    from matplotlib import style
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

    rows, names = looked_at(board), course_columns(board)
    splits = [split for split in board.splits if any(entry.split == split for entry, _ in rows)]
    labels = list(dict.fromkeys(entry.method for entry, _ in rows))
    looks_of = {label: {"color": c, "linestyle": d} for label, (c, d) in zip(labels, _styles(), strict=False)}
    models = [name for name in ("finetuned", "retrained") if any(e.name == name for e in board.rows)]
    with style.context(STYLE):
        handles = [Line2D([], [], linewidth=1.1, label=label, **looks_of[label]) for label in labels]
        handles += [Line2D([], [], label=REFERENCES[name][3], **_line(name)) for name in models]
        columns = max(1, min(5, int(90 // (8 + max(len(label) for label in labels)))))
        legend = LEGEND * math.ceil(len(handles) / columns) + 0.06
        height = ABOVE + len(splits) * PANEL + (len(splits) - 1) * ROOM + BELOW + legend
        figure = Figure(figsize=(TEXT, height), dpi=DPI)
        FigureCanvasAgg(figure)
        panels = figure.subplots(len(splits), len(names), squeeze=False, sharex="row", sharey="col")
        figure.subplots_adjust(
            left=0.065, right=0.99, top=1 - ABOVE / height, bottom=(BELOW + legend) / height,
            wspace=0.24, hspace=ROOM / PANEL,
        )  # fmt: skip
        for line, split in zip(panels, splits, strict=True):
            for axes, column in zip(line, names, strict=True):
                _panel(axes, board, split, column, [pair for pair in rows if pair[0].split == split], looks_of)
                last = split == splits[-1]
                axes.set_xlabel("epoch of unlearning" if last else "")
        figure.legend(
            handles=handles, loc="lower center", bbox_to_anchor=(0.5, 0.03 / height), ncols=columns, frameon=False,
            fontsize=SMALL, handlelength=2.6, columnspacing=1.2, labelspacing=0.25, borderaxespad=0,
        )  # fmt: skip
        for text in figure.legends[0].get_texts():
            text.set_parse_math(False)
    return figure


def _panel(
    axes: Axes,
    board: Board,
    split: str,
    column: str,
    rows: list[tuple[Entry, list[Record]]],
    looks_of: dict[str, dict[str, Any]],
) -> None:
    from matplotlib.ticker import MaxNLocator

    for entry in board.rows:
        value = entry.value(column)
        if (
            entry.role == "model"
            and entry.split == split
            and entry.name in ("finetuned", "retrained")
            and value is not None
        ):
            axes.axhline(value, **_line(entry.name))
    for entry, records in rows:
        points = sorted(mean_curve(records, column).items())
        marker = "." if len(points) < 2 else ""
        axes.plot(
            [x for x, _ in points], [y for _, y in points], linewidth=1.1, marker=marker, **looks_of[entry.method]
        )
    axes.set_title(f"{split}: {column.replace('_', ' ')}", loc="left", fontsize=FONT, pad=3)
    axes.tick_params(length=2.5, width=0.6, labelsize=SMALL)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)


def mean_curve(records: list[Record], column: str) -> dict[float, float]:
    """Epoch -> mean over the row's runs, of the epochs at which all have a value."""
    curves = [
        {epoch: value for epoch, value in zip(r.course["epoch"], r.course.get(column, ()), strict=False)
         if epoch is not None and value is not None}
        for r in records
    ]  # fmt: skip
    shared = [epoch for epoch in curves[0] if all(epoch in curve for curve in curves)]
    return {epoch: math.fsum(curve[epoch] for curve in curves) / len(curves) for epoch in shared}


def looked_at(board: Board) -> list[tuple[Entry, list[Record]]]:
    """Each row with its records that were looked at, of the rows that have any."""
    rows = [(entry, [record for record in board.records_of(entry) if looks(record)]) for entry in board.rows]
    return [(entry, records) for entry, records in rows if records]


def course_columns(board: Board) -> list[str]:
    """The metrics that courses hold, in the order of the records."""
    return list(dict.fromkeys(name for record in board.records for name in record.course if name not in COUNTS))


def _at(record: Record, look: int, names: list[str]) -> list[float | None]:
    return [record.course[name][look] if name in record.course else None for name in names]


def _styles() -> Iterator[tuple[str, Any]]:
    while True:
        yield from ((colour, dash) for dash in DASHES for colour in COLOURS)


def _line(name: str) -> dict[str, Any]:
    return {"color": REFERENCES[name][0], "linewidth": 0.8, "linestyle": (0, (1, 1.5)), "zorder": 1}
