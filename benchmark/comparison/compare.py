"""Two boards, row by row: differences of their columns with intervals, their orders, and what they were made with."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from benchmark.common.errors import UserError
from benchmark.comparison.agreement import Agreement, agreements
from benchmark.comparison.difference import Difference, Kind, Spread, paired, seed_spread, unpaired
from benchmark.comparison.forget_rows import DISTANCES, MEANS, RESIDUALS, Rows, rows_of, same_rows, without_each
from benchmark.comparison.order import Order, order_of
from benchmark.comparison.settings import Setting, board_settings, row_settings
from benchmark.leaderboard.board import Board
from benchmark.leaderboard.entries import Entry
from benchmark.leaderboard.headings import DETAILS, MAIN, RANKS
from benchmark.leaderboard.numbers import is_p_value
from metrics.calibration.headline import DISTANCE

HEADLINE = (DISTANCE, "residual", "utility_kept", "forget_quality", "model_utility")
COLUMNS = tuple(column for column in [*MAIN, *DETAILS] if column not in RANKS)
PAIRED = {**DISTANCES, **RESIDUALS, **MEANS}


@dataclass(frozen=True)
class RowPair:
    """A row that both boards have."""

    a: Entry
    b: Entry
    differences: dict[str, Difference]  # of the columns that any of the two defines
    settings: list[Setting]


@dataclass(frozen=True)
class Comparison:
    """Of board a and board b; differences are b's number seen from a's."""

    a: Board
    b: Board
    names: tuple[str, str]  # that tell the two apart
    rows: list[RowPair]
    only_a: list[Entry]
    only_b: list[Entry]
    orders: list[Order]
    agreements: list[Agreement]
    settings: list[Setting]

    def columns(self, wanted: tuple[str, ...] = COLUMNS) -> list[str]:
        """The columns for which any row has a number on both boards."""
        return [c for c in wanted if any(c in r.differences and r.differences[c].value is not None for r in self.rows)]


def compare(a: Board, b: Board, names: tuple[str, str]) -> Comparison:
    """Compare two boards.

    Args:
        names: what the boards are called, in texts.

    Raises:
        UserError: they have no row in common.
    """
    others = {_place(entry): entry for entry in b.rows}
    pairs = [(entry, others[_place(entry)]) for entry in a.rows if _place(entry) in others]
    if not pairs:
        splits = [f"{n} has {', '.join(sorted({e.split for e in x.rows}))}" for n, x in zip(names, (a, b), strict=True)]
        raise UserError(
            f"the boards have no row in common (splits: {' and '.join(splits)}): rows are paired by method and split"
        )
    shared = {_place(entry) for entry, _ in pairs}
    rows = [_row_pair(a, b, *pair) for pair in pairs]
    splits = list(dict.fromkeys(entry.split for entry, _ in pairs))
    orders = [order_of(split, [pair for pair in pairs if pair[0].split == split]) for split in splits]
    return Comparison(
        a=a,
        b=b,
        names=names,
        rows=rows,
        only_a=[entry for entry in a.rows if _place(entry) not in shared],
        only_b=[entry for entry in b.rows if _place(entry) not in shared],
        orders=[order for order in orders if order is not None],
        agreements=agreements(a, b, pairs, COLUMNS),
        settings=board_settings(a, b),
    )


def _place(entry: Entry) -> tuple[str, str, str]:
    return entry.split, entry.role, entry.method


def _row_pair(a: Board, b: Board, first: Entry, second: Entry) -> RowPair:
    rows = rows_of(a, first), rows_of(b, second)
    share = same_rows(*rows)
    made = {
        column: _difference(column, first, second, rows if share else None)
        for column in COLUMNS
        if first.value(column) is not None or second.value(column) is not None
    }
    return RowPair(first, second, made, row_settings(first, second))


def kind_of(column: str) -> Kind:
    """How two values of a column are compared."""
    if is_p_value(column):
        return "decades"
    return "ratio" if column.startswith("distance") else "difference"


def _difference(column: str, a: Entry, b: Entry, rows: tuple[Rows, Rows] | None) -> Difference:
    kind = kind_of(column)
    if rows is not None and column in PAIRED and a.name != "retrained":
        first, second = without_each(rows[0], column), without_each(rows[1], column)
        if first is not None and second is not None:
            spreads = [spread for side in rows for spread in _spreads(side, column, kind)]
            return paired(first, second, kind, spreads)
    cells = [entry.cells.get(column) for entry in (a, b)]
    numbers = [(None, None, None) if cell is None else (cell.value, cell.low, cell.high) for cell in cells]
    why = next((cell.covers for cell in cells if cell is not None and cell.low is None), "")
    return unpaired(numbers[0], numbers[1], kind, why if why.startswith("none") else "")


def _spreads(rows: Rows, column: str, kind: Kind) -> list[Spread]:
    """What makes one board's number vary besides authors."""
    values = [value for record in rows.runs if (value := record.value(column)) is not None]
    seeds = [(record.seed, record.finetuning_seed) for record in rows.runs]
    made = seed_spread(values, seeds, kind) if len(values) == len(seeds) else []
    extras = [record.metrics.get(column, {}).get("extra") or {} for record in rows.runs]
    models = [extra["se_models"] for extra in extras if isinstance(extra.get("se_models"), float)]
    if column in RESIDUALS and models and math.isfinite(sum(models)):
        made.append(Spread(float(np.mean(np.square(models))), len(rows.retrained) - 1.0, "retrained models"))
    return made
