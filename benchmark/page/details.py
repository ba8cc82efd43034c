"""A row's own page: where it comes from, how to make it again, and what the board's table has no room for."""

from __future__ import annotations

from typing import Any

from benchmark.leaderboard.board import Board
from benchmark.leaderboard.entries import Entry
from benchmark.page.authors import author_rows
from benchmark.page.descriptions import describe_row
from benchmark.page.preset_text import command, preset_text
from benchmark.page.rows import Texts, losses
from benchmark.records.record import Record


def details(board: Board, entry: Entry, pairs: list[dict[str, Any]], shared: Texts) -> dict[str, Any]:
    """What the row's page says beyond the table.

    Args:
        pairs: its tests against the other rows, see ``pair_tests``.
        shared: takes what many rows have alike: packages and machines.
    """
    own, by_key = board.records_of(entry), board.by_key
    keys = list(dict.fromkeys(key for record in own for key in record.retrained_keys))
    retrained = [r for key in keys if (r := by_key.get(("retrained", key))) is not None]
    first = own[0] if own else None
    preset = first.board if first else board.name
    return {
        "about": describe_row(entry),
        "toml": preset_text(entry, preset, sorted(record.seed for record in retrained)),
        "command": command(entry, preset),
        "commits": list(entry.commits),
        "keys": list(entry.keys),
        "seed_numbers": list(entry.seeds),
        "created": sorted({record.created for record in own}),
        "reasons": [f"seed {seed}: {reason}" for seed, reason in entry.reasons.items() if reason],
        "undefined": _undefined(entry, shared),
        "machines": list(dict.fromkeys(shared.number(_machine(record)) for record in own)),
        "seconds": [record.seconds for record in own],
        "memory": [record.peak_memory_mib for record in own],
        "losses": losses(own),
        "authors": author_rows(own, retrained, _finetuned(own, by_key)) if len(retrained) == len(keys) else [],
        "pairs": pairs,
    }


def _undefined(entry: Entry, shared: Texts) -> dict[int, list[str]]:
    """Number of a reason in ``shared`` -> the metrics that have no value for it."""
    by_reason: dict[int, list[str]] = {}
    for name, cell in entry.cells.items():
        if cell.value is None:
            by_reason.setdefault(shared.number(cell.covers.removeprefix("none: ")), []).append(name)
    return by_reason


def _machine(record: Record) -> dict[str, Any]:
    about = record.provenance
    known = {
        "hardware": about.get("hardware"),
        "arithmetic": about.get("arithmetic"),
        "packages": about.get("packages"),
    }
    return {key: _texts(value) for key, value in known.items() if isinstance(value, dict)}


def _texts(table: dict[str, Any]) -> dict[str, str]:
    return {str(key): str(value) for key, value in table.items() if value is not None}


def _finetuned(own: list[Record], by_key: dict[tuple[str, str], Record]) -> Record | None:
    keys = [key for record in own for key in record.compared_with.get("finetuned", ())]
    return next((by_key["finetuned", key] for key in keys if ("finetuned", key) in by_key), None)
