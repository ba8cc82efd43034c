"""What the scripts of a comparison's page read: rows, columns and cells as those of a board's page (benchmark/page/rows.py)."""

from __future__ import annotations

from typing import Any

from benchmark.comparison.compare import COLUMNS, Comparison, RowPair, kind_of
from benchmark.comparison.difference import Difference
from benchmark.comparison.order import Order, Places
from benchmark.comparison.tables import places_of
from benchmark.comparison.texts import order_lines, places_text, value_text
from benchmark.leaderboard.board import Board
from benchmark.leaderboard.captions import seeds_text
from benchmark.leaderboard.entries import Entry
from benchmark.leaderboard.headings import RANK, words
from benchmark.leaderboard.numbers import number
from benchmark.page.columns import page_columns
from benchmark.page.families import FAMILIES
from benchmark.page.rows import Cell, Texts, row_ids, short
from metrics.calibration.headline import DISTANCE

SIDES = ("a", "b")
WAYS = {
    "ratio": "The number of b divided by that of a; 1 is no difference.",
    "difference": "The number of b less that of a; 0 is no difference.",
    "decades": "log10 of the number of b less that of a; 0 is no difference.",
}
RANKS = {
    "name": RANK, "heading": "Places", "family": "headline", "arrow": "", "way": "", "scale": "linear", "unit": "",
    "version": None, "source": "", "title": "Places among the methods that are ranked on both boards",
    "text": "Places among the methods that are ranked on both boards, a → b. Bold: the places that each board's tests over authors "
            "leave open have none in common.",
}  # fmt: skip


def compare_data(comparison: Comparison) -> dict[str, Any]:
    """Everything that the page's scripts show, as JSON values."""
    columns, covers = _columns(comparison), Texts()
    ids = row_ids(row.a for row in comparison.rows)
    return {
        "board": "comparison",
        "names": list(comparison.names),
        "headline": DISTANCE,
        "splits": list(dict.fromkeys(row.a.split for row in comparison.rows)),
        "families": FAMILIES | {side: f"{side}'s numbers" for side in SIDES},
        "columns": columns,
        "rows": [_row(comparison, row, columns, covers) | {"id": ids[row.a.split, row.a.method]} for row in comparison.rows],
        "covers": covers.known,
        "orders": [_order(order) for order in comparison.orders],
    }  # fmt: skip


def _columns(comparison: Comparison) -> list[dict[str, Any]]:
    """The differences, then each board's own numbers; places after the differences of the headline columns."""
    wanted = comparison.columns(COLUMNS)
    known = [{about["name"]: about for about in page_columns(board)} for board in (comparison.a, comparison.b)]
    abouts = {name: next(side[name] for side in reversed(known) if name in side) for name in wanted}
    made = [_difference_column(about) for about in abouts.values()]
    if comparison.orders:
        first = sum(about["family"] == "headline" for about in made)
        made.insert(first, RANKS)
    own = [
        about | {"name": f"{side}:{name}", "heading": f"{about['heading']} ({side})", "family": side}
        for side in SIDES
        for name, about in abouts.items()
    ]
    return [*made, *own]


def _difference_column(about: dict[str, Any]) -> dict[str, Any]:
    kind = kind_of(about["name"])
    unit = " (decades)" if kind == "decades" else ""
    return about | {
        "heading": about["heading"] + unit,
        "arrow": "",
        "way": "",
        "scale": "log" if kind == "ratio" else "linear",
        "none": 1 if kind == "ratio" else 0,
        "text": f"{WAYS[kind]} {about['text']}",
    }


def _row(comparison: Comparison, row: RowPair, columns: list[dict[str, Any]], covers: Texts) -> dict[str, Any]:
    cells: dict[str, Cell] = {}
    for name in (about["name"] for about in columns):
        side, _, column = name.rpartition(":")
        if name == RANK:
            if (places := places_of(comparison, row)) is not None:
                cells[name] = _places(places, covers)
        elif side:
            cells[name] = _own(row.a if side == SIDES[0] else row.b, column, covers)
        elif name in row.differences:
            cells[name] = _difference(name, row.differences[name], covers)
    status = row.a.status if row.a.status == row.b.status else f"{row.a.status} (a), {row.b.status} (b)"
    seeds = " and ".join(seeds_text([entry.seeds], [entry.finetuning_seeds]) for entry in (row.a, row.b))
    return {
        "method": row.a.method, "name": row.a.name, "role": row.a.role, "split": row.a.split, "block": row.a.block,
        "status": status, "best": False, "front": False, "dose": None, "about": f"{row.a.split} · {seeds} · {status}",
        "marks": [f"{s.name}: {s.a} (a), {s.b} (b)" for s in row.settings], "cells": cells,
    }  # fmt: skip


def _own(entry: Entry, column: str, covers: Texts) -> Cell:
    cell = entry.cells.get(column)
    if cell is None:
        return [number(column, None), None, None, None, None, None]
    limits = [short(cell.low), short(cell.high)]
    return [number(column, cell.value), short(cell.value), *limits, covers.number(cell.covers), cell.seeds]


def _difference(column: str, gap: Difference, covers: Texts) -> Cell:
    """A cell whose seventh part says whether its interval excludes no difference."""
    over = f"{gap.covers.removeprefix('paired: ')}, paired" if gap.is_paired else gap.covers
    over = "what both boards' own intervals are over, unpaired" if over == "unpaired" else over
    numbers = [short(gap.value), short(gap.low), short(gap.high)]
    return [value_text(column, gap), *numbers, covers.number(over), None, gap.excludes_none]


def _places(places: Places, covers: Texts) -> Cell:
    text = f"{places.a:g} → {places.b:g}"
    return [text, places.b - places.a, None, None, covers.number(places_text(places)), None, places.overlap is False]


def _order(order: Order) -> dict[str, Any]:
    """A split's places, and the sentences on them."""
    rows = [
        {"method": method, "a": p.a, "b": p.b, "text": places_text(p), "apart": p.overlap is False}
        for method, p in sorted(order.places.items(), key=lambda pair: pair[1].a)
    ]
    return {"split": order.split, "by": words(order.by), "rows": rows, "lines": order_lines(order)}


def board_facts(board: Board) -> str:
    """A line on a board: its preset, when it was made, from which commits."""
    commits = ", ".join(str(commit)[:10] for commit in board.provenance["commits"] if commit)
    days = sorted(record.created[:10] for record in board.records)
    when = days[0] if days[0] == days[-1] else f"{days[0]} to {days[-1]}"
    return " · ".join(text for text in (board.name, when, f"commit {commits}" if commits else "") if text)
