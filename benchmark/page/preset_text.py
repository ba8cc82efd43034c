"""A row's settings as a preset: a TOML file with which ``run`` makes the row again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

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
    lines = [f"name = {_value(board)}", f"splits = {_value([entry.split])}"]
    if entry.role == "method":
        lines += [f"methods = {_value([entry.name])}", f"seeds = {_value(sorted(set(entry.seeds)))}"]
    if retrained_seeds:
        lines.append(f"retrained_seeds = {_value(retrained_seeds)}")
    known = {key: value for key, value in config.items() if key in Preset.model_fields}
    lines += [f"{key} = {_value(v)}" for key, v in known.items() if not isinstance(v, Mapping) and v is not None]
    for key, value in known.items():
        lines += _table(key, value) if isinstance(value, Mapping) else []
    if entry.role == "method" and (own := config.get("method")):
        lines += ["", f"[settings.{_key(entry.name)}]", f"fields = {_value(own)}"]
    return "\n".join(lines) + "\n"


def command(entry: Entry, board: str) -> str:
    """What makes the row again, once its preset is saved as ``FILE``; for a model or a control, its board."""
    if entry.source != "run":
        return "python run_benchmark.py import LOG --format FORMAT --out FOLDER"
    return f"python run_benchmark.py run --preset {FILE if entry.role == 'method' else _shell(board)}"


def _table(name: str, values: Mapping[str, Any]) -> list[str]:
    """A table; tables in it stand inline, settings that are None are left out: they have no TOML."""
    return ["", f"[{name}]", *(f"{_key(key)} = {_value(value)}" for key, value in values.items() if value is not None)]


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{_key(k)} = {_value(v)}" for k, v in value.items() if v is not None) + " }"
    if isinstance(value, list | tuple):
        return f"[{', '.join(_value(item) for item in value)}]"
    # JSON's strings, numbers, true and false are TOML's too, but for the character DEL.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _key(key: str) -> str:
    return key if key.isascii() and key.replace("_", "").replace("-", "").isalnum() else _value(key)


def _shell(word: str) -> str:
    from shlex import quote

    return quote(word)
