"""A board: the rows of a set of records in the order in which they are shown, and what there is to say about them."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import Any

from benchmark.leaderboard.entries import Entry


@dataclass(frozen=True)
class Board:
    """Made by ``build``; the tables, the figure and the data files only read it."""

    name: str
    made: str  # time, UTC
    rows: list[Entry]  # split by split; within a split the references first, then the methods
    columns: dict[str, dict[str, Any]]  # metric -> direction, range, unit, version, source, title
    notes: list[str]
    provenance: dict[str, Any]
    datasets: list[dict[str, Any]]

    @property
    def splits(self) -> list[str]:
        """The splits in the order of the rows."""
        return list(dict.fromkeys(entry.split for entry in self.rows))

    def blocks(self) -> list[list[Entry]]:
        """The rows in the groups between which a table draws a line: each split's references, and its methods."""
        return [list(block) for _, block in groupby(self.rows, lambda entry: (entry.split, entry.is_reference))]

    def best(self, metric: str, split: str) -> float | None:
        """The highest value of a split's methods; those that diverged, failed or are partial do not count."""
        values = [entry.value(metric) for entry in self.rows if entry.split == split and entry.is_sound]
        return max((value for value in values if value is not None), default=None)

    def is_best(self, entry: Entry, metric: str) -> bool:
        """Whether no other method of its split has a higher value."""
        value = entry.value(metric)
        return entry.is_sound and value is not None and value == self.best(metric, entry.split)
