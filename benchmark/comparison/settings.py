"""What two boards were made with, as far as it differs: settings, data, commits, packages, machines, arithmetic, seeds."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from benchmark.leaderboard.board import Board
from benchmark.leaderboard.entries import Entry
from benchmark.leaderboard.grouping import board_recipe, flat
from benchmark.leaderboard.notes import distinct

UNSET = "unset"
OF_A_ROW = ("training.", "method.", "reinforcement.")  # of a row's own config; the rest is the board's


@dataclass(frozen=True)
class Setting:
    """One thing that differs; "unset" where a board's records do not say."""

    name: str
    a: str
    b: str


def board_settings(a: Board, b: Board) -> list[Setting]:
    """What differs between the boards as wholes, the settings that most rows share first."""
    recipes = board_recipe(a.records), board_recipe(b.records)
    made = [_told(board) for board in (a, b)]
    return [*_differing(*recipes), *_differing(*made)]


def row_settings(a: Entry, b: Entry) -> list[Setting]:
    """What differs between a row's own settings on the two boards: learning rate, epochs, the method's fields, seeds."""
    first, second = (
        {key: value for key, value in flat(entry.config).items() if key.startswith(OF_A_ROW)} for entry in (a, b)
    )
    seeds = [{"seeds": _list(entry.seeds)} for entry in (a, b)]
    return _differing(first | seeds[0], second | seeds[1])


def _differing(a: dict[str, str], b: dict[str, str]) -> list[Setting]:
    names = list(dict.fromkeys([*a, *b]))
    return [Setting(n, a.get(n, UNSET), b.get(n, UNSET)) for n in names if a.get(n, UNSET) != b.get(n, UNSET)]


def _told(board: Board) -> dict[str, str]:
    """What provenance says of a board."""
    runs = board.records
    retrained = {
        f"retrained models, {split}": _list({r.seed for r in runs if r.is_retrained and r.split == split}, count=True)
        for split in board.splits
    }
    about = board.provenance
    return {
        "dataset": _list(r.dataset.get("identity") for r in runs),
        **retrained,
        "commit": _list(commit and str(commit)[:10] for commit in about["commits"]),
        "uncommitted changes": _list(about["dirty"]),
        **{f"package {name}": _list(versions) for name, versions in about["packages"].items()},
        **_hardware(about["hardware"]),
        **_arithmetic(r.provenance.get("arithmetic") for r in runs),
    }


def _hardware(machines: Iterable[dict[str, Any] | None]) -> dict[str, str]:
    known = [machine or {} for machine in machines]
    return {f"hardware {key}": _list(m.get(key) for m in known) for key in dict.fromkeys(k for m in known for k in m)}


def _arithmetic(settings: Iterable[dict[str, Any] | None]) -> dict[str, str]:
    known = distinct(setting for setting in settings if setting)
    return {f"arithmetic {key}": _list(s.get(key) for s in known) for key in dict.fromkeys(k for s in known for k in s)}


def _list(values: Iterable[Any], count: bool = False) -> str:
    known = distinct(values)
    if count:
        return str(len(known))
    texts = [value if isinstance(value, str) else json.dumps(value, default=str) for value in known]
    return ", ".join(sorted(texts)) or UNSET
