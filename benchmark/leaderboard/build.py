"""From records to a board: one row a method and split, averaged over seeds, every number with its interval.

A board holds nothing of its own: it is always made anew from the records, never edited.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import metrics
from benchmark.common.errors import UserError
from benchmark.common.files import write_json, write_text
from benchmark.data.types import FORGET_PERCENT
from benchmark.leaderboard.board import Board
from benchmark.leaderboard.controls import fooled
from benchmark.leaderboard.course import write_course
from benchmark.leaderboard.entries import BLOCKS, Entry, make_entry
from benchmark.leaderboard.export import csv_text, json_value, tidy_text
from benchmark.leaderboard.figure import draw
from benchmark.leaderboard.grouping import groups, newest
from benchmark.leaderboard.latex import latex
from benchmark.leaderboard.markdown import markdown
from benchmark.leaderboard.notes import distinct, notes_on, provenance_of
from benchmark.leaderboard.published_as import published_as
from benchmark.leaderboard.ranking import told_apart, with_ranks
from benchmark.leaderboard.relearning_figure import draw_relearning
from benchmark.leaderboard.reported import reported, reported_csv
from benchmark.leaderboard.resurfacing_figure import draw_resurfacing
from benchmark.leaderboard.utility_limit import at_the_limit
from benchmark.records.record import REFERENCE_ROWS, Record, load_records, now
from benchmark.records.reproduction import read_claims
from metrics.calibration.headline import DISTANCE

SPLITS = tuple(FORGET_PERCENT)  # first and in this order


def build(folder: str | Path, name: str | None = None, notes: Iterable[str] = ()) -> Board:
    """The board of the records in ``folder``.

    Args:
        name: of the board; by default the one it is published under, else the one in the records.
        notes: to put before the board's own.

    Raises:
        UserError: there are no records, or some (or their numbers) are damaged; all of them are named.
    """
    everything = load_records(Path(folder))
    known_as, left_out = published_as(Path(folder))
    name, notes = name or known_as, [*left_out, *notes]
    current, superseded = newest(everything)
    columns = _columns(current)
    rows, problems, lonely = [], [], []
    for label, group in groups(everything, current):
        if members := [record for record in group if not record.reference]:
            try:
                rows.append(make_entry(label, members, columns))
            except UserError as error:
                problems.append(str(error))
        else:
            lonely.append(
                f"{label} {group[0].split}: no row, since the only retrained model is the reference that the "
                "others are compared with; a second one (retrained_seeds = [0, 1]) shows what chance does"
            )
    if problems:
        raise UserError("\n".join(problems))
    rows = with_ranks(rows, current)
    return Board(
        name=name or " + ".join(sorted({record.board for record in current})),
        made=now(),
        rows=sorted(rows, key=_place),
        columns=columns,
        notes=[*notes, *lonely, *superseded, *notes_on(current, columns), *fooled(rows), *at_the_limit(rows, current)],
        told_apart=told_apart(rows),
        records=sorted(current, key=lambda r: (r.method, r.split, r.seed, r.key)),
        yardsticks=_yardsticks(current),
        claims=read_claims(folder, current),
        provenance=provenance_of(current),
        datasets=distinct(record.dataset for record in current),
    )


def write(folder: str | Path, board: Board) -> None:
    """Write leaderboard.csv, .md, .tex, .json, .png and .pdf and results.csv into ``folder``, each whole or not at all.

    Where runs were scored on the way through relearning there are relearning.png and .pdf too.
    Where runs were looked at on the way, course.csv, .png and .pdf too.

    What imported logs state and nobody here has measured is in leaderboard.md, below the board, and in reported.csv.
    """
    folder = Path(folder)
    if stated := reported(board.records):
        write_text(folder / "reported.csv", reported_csv(stated))
    write_text(folder / "leaderboard.csv", csv_text(board))
    write_text(folder / "results.csv", tidy_text(board))
    write_text(folder / "leaderboard.md", markdown(board))
    write_text(folder / "leaderboard.tex", latex(board))
    write_json(folder / "leaderboard.json", json_value(board))
    draw(board, folder / "leaderboard.png")
    draw_relearning(board, folder / "relearning.png")
    draw_resurfacing(board, folder / "resurfacing.png")
    write_course(folder, board)


def _place(entry: Entry) -> tuple:
    """Sort key: split, block, then references in their order, controls by name, methods from the nearest to the retrained models.

    Where a board has no distance (one retrained model, imported logs) from the best forget quality down.
    """
    split = SPLITS.index(entry.split) if entry.split in SPLITS else len(SPLITS)
    block = BLOCKS.index(entry.block)
    if entry.role != "method":
        model = REFERENCE_ROWS.index(entry.name) if entry.name in REFERENCE_ROWS else len(REFERENCE_ROWS)
        return split, entry.split, block, model, entry.method
    far, quality, utility = (entry.value(name) for name in (DISTANCE, "forget_quality", "model_utility"))
    best = [2.0 if value is None else -value for value in (quality, utility)]  # None after the worst, which is 0
    return split, entry.split, block, math.inf if far is None else far, *best, entry.method


def _yardsticks(records: list[Record]) -> dict[str, tuple[float, float]]:
    """Split -> the smallest and the largest distance of its retrained models, each from the others."""
    far: dict[str, list[float]] = {}
    for record in records:
        if record.is_retrained and (value := record.value(DISTANCE)) is not None:
            far.setdefault(record.split, []).append(value)
    return {split: (min(values), max(values)) for split, values in far.items()}


def _columns(records: list[Record]) -> dict[str, dict[str, Any]]:
    """Every metric of the board in its order, as the registry describes it; {} where it does not."""
    about = {}
    for metric in metrics.describe():
        shared = {key: metric[key] for key in ("range", "unit", "version", "source", "title")}
        about |= {column: {"direction": way, **shared} for column, way in metric["columns"].items()}
    measured = sorted({column for record in records for column in record.metrics})
    return {column: about.get(column, {}) for column in dict.fromkeys([*metrics.ORDER, *measured])}
