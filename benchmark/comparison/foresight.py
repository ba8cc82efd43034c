"""Which number, read before, foresees what relearning brings back: ``python -m benchmark.comparison.foresight results/published/authors-100``.

For each column of a board that relearning has no part in: Kendall's tau-b, over the methods that keep 90 % of every part of utility, between where it
puts a method on the way from the retrained models (their mean) to the fine-tuned model and the residual after relearning on a fifth of the forget
rows (``residual_relearn_forget``). All columns are read of the same methods, those that have every one; a column that a tenth of the methods
or more lack is left out. Intervals are over methods, columns that say much the same are not told apart by them, and the
best of many columns is a little too good. Utility and cost are left out.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from benchmark.common.console import user_errors
from benchmark.common.errors import UserError
from benchmark.common.rank_correlation import RankCorrelation, kendall
from benchmark.common.tables import markdown_table
from benchmark.leaderboard.board import Board
from benchmark.leaderboard.build import build
from benchmark.leaderboard.entries import METHODS, Entry
from benchmark.page.families import family

TARGET = "residual_relearn_forget"
# In names: relearning has a part in it, or it is of other rows; and a dose is a residual told otherwise.
LEFT_OUT = ("relearn", "worst", "recovery", "utility", "dose")
FAMILIES = ("headline", "forgetting", "privacy", "resurfacing")
FEWEST = 10  # methods with all numbers
LACK = 0.1  # share of the methods that may lack a column
HEAD = ("column", "methods", "Kendall's tau-b")


def foresight(board: Board, split: str) -> dict[str, RankCorrelation]:
    """Column -> its correlation with what relearning brings back, the highest first.

    Raises:
        UserError: the board has too few methods that were attacked, or that have every column, or no fine-tuned or retrained row.
    """
    rows = [entry for entry in board.rows if entry.split == split]
    models = {entry.name: entry for entry in rows if entry.role == "model"}
    methods = [entry for entry in rows if entry.block == METHODS and entry.value(TARGET) is not None]
    if len(methods) < FEWEST or not {"finetuned", "retrained"} <= models.keys():
        raise UserError(
            f"{board.name}, {split}: {len(methods)} methods have {TARGET}; {FEWEST} and both models are needed"
        )
    ways = {column: _way(models["retrained"], models["finetuned"], column) for column in _said_before(board.columns)}
    known = {column: _known(methods, column) for column, way in ways.items() if way}
    known = {column: own for column, own in known.items() if np.mean(own) > 1 - LACK}
    everywhere = np.all(list(known.values()), axis=0) if known else np.zeros(len(methods), dtype=bool)
    same = [entry for entry, has in zip(methods, everywhere, strict=True) if has]
    if len(same) < FEWEST:
        raise UserError(f"{board.name}, {split}: {len(same)} methods have every column; {FEWEST} are needed")
    after = _values(same, TARGET)
    made = {column: kendall(ways[column] * _values(same, column), after) for column in known}
    found = {column: tau for column, tau in made.items() if tau.value is not None}
    return dict(sorted(found.items(), key=lambda pair: -(pair[1].value or 0.0)))


def _said_before(columns: Iterable[str]) -> list[str]:
    return [name for name in columns if family(name) in FAMILIES and not any(part in name for part in LEFT_OUT)]


def _way(retrained: Entry, finetuned: Entry, column: str) -> float:
    """1 where the fine-tuned model's value is the higher one, -1 where it is the lower; 0 where they are alike or unknown."""
    own, other = retrained.value(column), finetuned.value(column)
    return 0.0 if own is None or other is None else float(np.sign(other - own))


def _known(entries: list[Entry], column: str) -> np.ndarray:
    return np.array([entry.value(column) is not None for entry in entries])


def _values(entries: list[Entry], column: str) -> np.ndarray:
    return np.array([entry.value(column) for entry in entries], dtype=np.float64)


def report(folders: list[Path]) -> str:
    """A heading and a Markdown table for each split of each board."""
    parts = []
    for folder in folders:
        board = build(folder)
        for split in board.splits:
            rows = [(f"`{name}`", str(tau.things), tau.text) for name, tau in foresight(board, split).items()]
            parts.append(f"## {board.name}, {split}\n\n{markdown_table(HEAD, rows, 'lrr')}")
    return "\n\n".join(parts)


if __name__ == "__main__":
    with user_errors():
        print(report([Path(name) for name in sys.argv[1:] or ["results/published/authors-100"]]))
