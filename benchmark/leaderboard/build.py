"""From records to a board: one row a method and split, averaged over seeds, every number with its interval.

A board holds nothing of its own: it is always made anew from the records, never edited.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import metrics
from benchmark.common.errors import UserError
from benchmark.common.files import write_json, write_text
from benchmark.data.types import FORGET_PERCENT
from benchmark.leaderboard import tables
from benchmark.leaderboard.entries import Entry, git, groups, make_entry, marks, newest
from benchmark.leaderboard.export import csv_text, json_value
from benchmark.leaderboard.figure import draw
from benchmark.records.record import REFERENCE_ROWS, Record, load_records, now

SPLITS = tuple(FORGET_PERCENT)  # first and in this order


@dataclass(frozen=True)
class Board:
    """All rows in the order in which they are shown, and what there is to say about them."""

    name: str
    made: str
    rows: list[Entry]
    columns: dict[str, dict[str, Any]]  # metric -> direction, range, unit, version, source, title
    notes: list[str]
    provenance: dict[str, Any]
    datasets: list[dict[str, Any]]


def build(folder: Path, name: str | None = None, notes: Iterable[str] = ()) -> Board:
    """The board of the records in ``folder``.

    Args:
        name: of the board; by default the one in the records.
        notes: to put before the board's own.

    Raises:
        UserError: there are no records, or some (or their scores) are damaged; all of them are named.
    """
    everything = load_records(Path(folder))
    current, superseded = newest(everything)
    columns = _columns(current)
    rows, problems, lonely = [], [], []
    for label, group in groups(everything, current):
        if members := [record for record in group if not record.reference]:
            try:
                rows.append(make_entry(label, members, columns, Path(folder)))
            except UserError as error:
                problems.append(str(error))
        else:
            lonely.append(
                f"{label} {group[0].split}: no row, since the only retrained model is the reference that the "
                "others are compared with; a second one (retrained_seeds = [0, 1]) shows what chance does"
            )
    if problems:
        raise UserError("\n".join(problems))
    return Board(
        name=name or " + ".join(sorted({record.board for record in current})),
        made=now(),
        rows=sorted(rows, key=_place),
        columns=columns,
        notes=[*notes, *lonely, *superseded, *_marked(current), *_mixed(current, columns)],
        provenance=_provenance(current),
        datasets=_distinct(record.dataset for record in current),
    )


def write(folder: Path, board: Board) -> None:
    """Write leaderboard.csv, .md, .tex, .json, .png and .pdf into ``folder``, each whole or not at all."""
    folder = Path(folder)
    write_text(folder / "leaderboard.csv", csv_text(board))
    write_text(folder / "leaderboard.md", tables.markdown(board))
    write_text(folder / "leaderboard.tex", tables.latex(board))
    write_json(folder / "leaderboard.json", json_value(board))
    draw(board, folder / "leaderboard.png")


def _place(row: Entry) -> tuple:
    """Sort key: split, references in their order, then methods from the best forget quality down."""
    split = SPLITS.index(row.split) if row.split in SPLITS else len(SPLITS)
    if row.is_reference:
        return split, row.split, 0, REFERENCE_ROWS.index(row.name), 0, row.method
    values = row.value("forget_quality"), row.value("model_utility")
    best = [2.0 if value is None else -value for value in values]  # None after the worst, which is 0
    return split, row.split, 1, *best, row.method


def _columns(records: list[Record]) -> dict[str, dict[str, Any]]:
    """Every metric of the board in its order, as the registry describes it; {} where it does not."""
    about = {}
    for metric in metrics.describe():
        shared = {key: metric[key] for key in ("range", "unit", "version", "source", "title")}
        about |= {column: {"direction": way, **shared} for column, way in metric["columns"].items()}
    measured = sorted({column for record in records for column in record.metrics})
    return {column: about.get(column, {}) for column in dict.fromkeys([*metrics.ORDER, *measured])}


def _marked(records: list[Record]) -> list[str]:
    """Notes on records that are not fit to publish."""
    said = {
        "dirty": "made by code with changes that were not committed",
        "partial": "fewer rows than the sets have were scored (scoring.limit)",
    }
    notes = [
        f"{mark}: {meaning}: {', '.join(_names(r for r in records if mark in marks(r)))}"
        for mark, meaning in said.items()
        if any(mark in marks(record) for record in records)
    ]
    if unknown := [record for record in records if git(record).get("commit") is None]:
        notes.append(f"the commit is not known: {', '.join(_names(unknown))}")
    return notes


def _names(records: Iterable[Record]) -> list[str]:
    return sorted({f"{r.method} {r.split} seed {r.seed}{' (reference)' * r.reference}" for r in records})


def _mixed(records: list[Record], columns: dict[str, dict[str, Any]]) -> list[str]:
    """Notes on what does not quite belong together."""
    notes = []
    for split in sorted({record.split for record in records}):
        part = [record for record in records if record.split == split]
        if len({record.reference_key for record in part} - {None}) > 1:
            notes.append(f"{split}: its records were not all compared with the same retrained model")
        if len(_distinct(record.dataset.get("identity") for record in part)) > 1:
            notes.append(f"{split}: its records were not all made from the same dataset")
    if len({git(record).get("commit") for record in records}) > 1:
        notes.append("the records were made at more than one commit; see provenance")
    for column, about in columns.items():
        found = {record.metrics[column].get("version") for record in records if column in record.metrics}
        if about and found - {about["version"]}:
            notes.append(f"{column}: some records do not have its version {about['version']}: run them again")
    return notes


def _provenance(records: list[Record]) -> dict[str, Any]:
    """The distinct values of all records."""
    packages: dict[str, list] = {}
    for record in records:
        for package, version in (record.provenance.get("packages") or {}).items():
            packages[package] = _distinct([*packages.get(package, []), version])
    return {
        "commits": _distinct(git(record).get("commit") for record in records),
        "dirty": _distinct(git(record).get("dirty") for record in records),
        "packages": packages,
        "hardware": _distinct(record.provenance.get("hardware") for record in records),
    }


def _distinct(values: Iterable[Any]) -> list[Any]:
    """In order of appearance; the values may be dictionaries."""
    return list({json.dumps(value, sort_keys=True, default=str): value for value in values}.values())
