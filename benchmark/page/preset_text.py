"""A row's settings as a preset: a TOML file with which ``run`` makes the row again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import tomli_w

from benchmark.config.schema import FORMER_KEYS, Preset
from benchmark.leaderboard.entries import Entry

FILE = "row.toml"
OWN = ("method", "tuning")  # tables of a record that a preset has under [settings]


def preset_text(entry: Entry, board: str, retrained_seeds: list[int]) -> str:
    """The preset of one row, with what a preset of this version knows.

    Args:
        board: the preset's name.
        retrained_seeds: of the models that the row was compared with.
    """
    config = {FORMER_KEYS.get(key, key): value for key, value in entry.config.items()}
    preset: dict[str, Any] = {"name": board, "splits": [entry.split]}
    if entry.role == "method":
        preset |= {"methods": [entry.name], "seeds": sorted(set(entry.seeds))}
    if retrained_seeds:
        preset["retrained_seeds"] = retrained_seeds
    preset |= {key: value for key, value in config.items() if key in Preset.model_fields}
    if entry.role == "method" and (own := config.get("method")):
        preset["settings"] = {entry.name: {"fields": own}}
    return tomli_w.dumps(_without_none(preset))


def command(entry: Entry, board: str) -> str:
    """What makes the row again, once its preset is saved as ``FILE``; for a model or a control, its board."""
    if entry.source != "run":
        return "python run_benchmark.py import LOG --format FORMAT --out FOLDER"
    return f"python run_benchmark.py run --preset {FILE if entry.role == 'method' else _shell(board)}"


def _without_none(value: Any) -> Any:
    """Settings that are None are left out, at any depth: they have no TOML."""
    if isinstance(value, Mapping):
        return {key: _without_none(v) for key, v in value.items() if v is not None}
    return [_without_none(v) for v in value] if isinstance(value, list | tuple) else value


def _shell(word: str) -> str:
    from shlex import quote

    return quote(word)
