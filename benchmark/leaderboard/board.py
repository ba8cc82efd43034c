"""A board: the rows of a set of records in the order in which they are shown, and what there is to say about them."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from itertools import groupby
from typing import Any

from benchmark.leaderboard.entries import Entry
from benchmark.leaderboard.standing import Claims, Standing, standings
from benchmark.records.record import Record


@dataclass(frozen=True)
class Board:
    """Made by ``build``; the tables, the figure and the data files only read it."""

    name: str
    made: str  # time, UTC
    rows: list[Entry]  # split by split; within a split block by block (entries.BLOCKS)
    columns: dict[str, dict[str, Any]]  # metric -> direction, range, unit, version, source, title
    notes: list[str]
    provenance: dict[str, Any]
    datasets: list[dict[str, Any]]
    records: list[Record] = field(default_factory=list, repr=False)  # that the rows are made of
    told_apart: dict[str, tuple[int, int]] = field(default_factory=dict)  # split -> pairs of ranked rows, of all pairs
    yardsticks: dict[str, tuple[float, float]] = field(default_factory=dict)  # split -> retrained models' distances
    claims: Claims | None = field(default=None, repr=False)  # numbers that are claimed; None where nobody has checked

    @property
    def splits(self) -> list[str]:
        """The splits in the order of the rows."""
        return list(dict.fromkeys(entry.split for entry in self.rows))

    @property
    def methods(self) -> list[str]:
        """The names of its methods, each once however many splits it ran on."""
        return list(dict.fromkeys(entry.method for entry in self.rows if entry.role == "method"))

    @cached_property
    def seed_fields(self) -> list[str]:
        """The fields of a record that tell its seeds: of unlearning, and of its fine-tuned model where there are several."""
        return ["seed", "finetuning_seed"] if any(record.finetuning_seed for record in self.records) else ["seed"]

    def records_of(self, entry: Entry) -> list[Record]:
        """The records that a row is made of, in its order, as far as the board has them."""
        return [record for key in entry.keys if (record := self.by_key.get((entry.name, key))) is not None]

    @cached_property
    def by_key(self) -> dict[tuple[str, str], Record]:
        """(method, key) -> record."""
        return {(record.method, record.key): record for record in self.records}

    @cached_property
    def standings(self) -> dict[tuple[str, str], Standing]:
        """(split, row) -> what its numbers stand on; {} where nobody has checked."""
        return standings(self.rows, self.claims)

    def blocks(self) -> list[list[Entry]]:
        """The rows in the groups between which a table draws a line: each split's blocks."""
        return [list(block) for _, block in groupby(self.rows, lambda entry: (entry.split, entry.block))]

    def is_defined(self, metric: str) -> bool:
        """Whether any row has a value of the metric."""
        return any(entry.value(metric) is not None for entry in self.rows)
