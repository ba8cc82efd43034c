"""The rows of a page: what the table shows of each, and what its own page says."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from benchmark.leaderboard.captions import seeds_text, status
from benchmark.leaderboard.entries import Entry
from benchmark.leaderboard.headings import RANKS
from benchmark.leaderboard.marks import MEANING
from benchmark.leaderboard.numbers import number, rank_text
from benchmark.leaderboard.standing import Standing
from benchmark.records.record import Record

Cell = list[Any]  # text, value, low, high, number of what the interval covers in ``Texts``, seeds with a value


class Texts:
    """Texts that many rows share, each kept once."""

    def __init__(self) -> None:
        self.known: list[Any] = []

    def number(self, text: Any) -> int:
        """The place of a text, or of any JSON value, in ``known``."""
        if text not in self.known:
            self.known.append(text)
        return self.known.index(text)


def row_ids(rows: Iterable[Entry]) -> dict[tuple[str, str], str]:
    """(split, row) -> its name in an address, from the key of its first record: the same on every day."""
    made: dict[tuple[str, str], str] = {}
    for entry in rows:
        plain = "row-" + re.sub(r"[^A-Za-z0-9]+", "-", entry.keys[0] if entry.keys else entry.name)[:40]
        taken = sum(name == plain or name.startswith(f"{plain}.") for name in made.values())
        made[entry.split, entry.method] = f"{plain}.{taken}" if taken else plain
    return made


def table_row(entry: Entry, columns: list[str], covers: Texts, standing: Standing | None = None) -> dict[str, Any]:
    """What the table and the pictures read of a row; ``standing`` on a board that was checked."""
    rank = entry.rank
    cost = {"minutes": entry.minutes, "peak_memory_mib": entry.peak_memory_mib}
    cells = {name: _cell(entry, name, covers) for name in columns if name in entry.cells}
    ranks = {name: own for name in RANKS if name in columns and (own := getattr(entry, name)) is not None}
    cells |= {name: [rank_text(own), own.low, None, None, None, None] for name, own in ranks.items()}
    cells |= {name: _cost(name, value) for name, value in cost.items() if name in columns}
    return {
        "method": entry.method,
        "name": entry.name,
        "role": entry.role,
        "split": entry.split,
        "block": entry.block,
        "status": status(entry),
        "n": entry.n,
        "seeds": seeds_text([entry.seeds], [entry.finetuning_seeds]),
        "best": entry.is_best,
        "rank": rank_text(rank),
        "places": None if rank is None or rank.low is None else [rank.low, rank.high],
        "rank_reason": "" if rank is None else rank.reason,
        "p_best": None if rank is None else short(rank.best),
        "p_front": short(entry.p_front),
        "p_first": short(entry.p_first),
        "marks": [MEANING[mark] for mark in entry.marks],
        "dose": dose(entry),
        "cells": cells,
        **_standing(standing, covers),
    }


def _standing(known: Standing | None, covers: Texts) -> dict[str, Any]:
    """What the row's numbers stand on, and the claimed ones with the numbers of their reasons in ``covers``."""
    if known is None:
        return {}
    claimed = {column: covers.number(why) for column, why in known.claimed.items()}
    return {"standing": known.word, "reproduced": known.reproduced, "claimed": claimed}


def dose(entry: Entry) -> float | None:
    """Share of the forget rows that a row's model was trained with; None where that is no single number."""
    if entry.role == "model":
        return {"retrained": 0.0, "finetuned": 1.0}.get(entry.name)
    known = re.fullmatch(r"dose-([0-9.]+)", entry.name)
    return float(known[1]) if entry.role == "control" and known else None


def losses(records: list[Record], most: int = 200) -> list[list[float | None]]:
    """The course of each run's training loss, at most ``most`` numbers: every k-th step."""
    return [[short(loss) for loss in r.losses[:: -(-len(r.losses) // most)]] for r in records if r.losses]


def _cell(entry: Entry, name: str, covers: Texts) -> Cell:
    cell = entry.cells[name]
    limits = [short(cell.low), short(cell.high)]
    return [number(name, cell.value), short(cell.value), *limits, covers.number(cell.covers), cell.seeds]


def _cost(name: str, value: float | None) -> Cell:
    text = "–" if value is None else f"{value:.1f}" if name == "minutes" else f"{value:.0f}"
    return [text, short(value), None, None, None, None]


def short(value: float | None, digits: int = 6) -> float | None:
    """Few digits draw and export a number as well as seventeen; leaderboard.csv beside the page has them all."""
    return None if value is None else float(f"{value:.{digits}g}")
