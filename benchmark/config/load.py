"""Reading presets: by name or from a TOML file, with changes from the command line.

All unknown and wrong keys are reported at once, each with the nearest right name.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any, get_args

from pydantic import ValidationError

from benchmark.common.errors import UserError, did_you_mean
from benchmark.common.registry import Registry, toml_value
from benchmark.config.presets import FOLDER
from benchmark.config.recipe import Recipe
from benchmark.config.schema import FORMER_KEYS, MethodSettings, Preset, present_keys

REGISTRY: Registry[Path] = Registry("preset", FOLDER, ".toml", read=lambda path: path, names=lambda path: [path.stem])


def preset_names() -> list[str]:
    """The presets that come with the project."""
    return list(REGISTRY.entries)


def load_preset(name: str | Path, changes: Iterable[str] = (), **lists: Any) -> Preset:
    """A preset by name or from a TOML file, with changes.

    Args:
        changes: ``key.key=value`` texts, the value as TOML (a bare word is a string). A change of
            ``training.x`` holds for every method: the preset's own per-method values of x give way.
        lists: whole fields to replace (methods, splits, seeds ...), where not None.

    Raises:
        UserError: no such preset, or wrong keys and values, all at once.
    """
    name = str(name)
    path = Path(name) if name.endswith(".toml") else REGISTRY.get(name)
    if not path.is_file():
        raise UserError(f"there is no file {name}")
    try:
        raw = present_keys(tomllib.loads(path.read_text(encoding="utf-8")))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UserError(f"{path} is not valid TOML: {error}") from None
    except ValueError as error:
        raise UserError(f"{path}: {error}") from None
    raw.setdefault("name", path.stem)
    raw |= {key: value for key, value in lists.items() if value is not None}
    for change in changes:
        _apply(raw, change)
    problems, preset = [], None
    try:
        preset = Preset.model_validate(raw)
    except ValidationError as error:
        problems += _explain(error)
    for method, settings in _tables(raw, "settings").items():
        own = _tables({method: settings}, method).get("training", {})
        try:
            Recipe.model_validate(own if preset is None else preset.training.model_dump() | own)
        except ValidationError as error:
            problems += _explain(error, ("settings", method, "training"))
    if preset is None or problems:
        apart = "\n  " if len(problems) > 1 else " "
        raise UserError(f"preset {name}:{apart}" + apart.join(problems))
    return preset


def _tables(raw: dict[str, Any], key: str) -> dict[str, Any]:
    """The tables below a key; what is no table is left to the schema to refuse."""
    value = raw.get(key)
    return {k: v for k, v in value.items() if isinstance(v, dict)} if isinstance(value, dict) else {}


def _apply(raw: dict[str, Any], change: str) -> None:
    key, equals, text = change.partition("=")
    parts = key.strip().split(".")
    if not equals or not all(parts):
        raise UserError(f"--set takes key=value, for example training.lr=3e-4; it got {change!r}")
    value = toml_value(text)
    parts[0] = FORMER_KEYS.get(parts[0], parts[0])
    place = raw
    for part in parts[:-1]:
        place = place.setdefault(part, {})
        if not isinstance(place, dict):
            raise UserError(f"--set {change}: {part!r} is a value, it has no keys below it")
    place[parts[-1]] = value
    if parts[0] == "training" and len(parts) > 1:
        for settings in _tables(raw, "settings").values():
            _tables({"": settings}, "").get("training", {}).pop(parts[1], None)


def _explain(error: ValidationError, above: tuple[Any, ...] = ()) -> list[str]:
    lines = []
    for problem in error.errors():
        place = (*above, *problem["loc"])
        where = ".".join(map(str, place))
        if problem["type"] == "extra_forbidden":
            lines.append(f"{where}: unknown key; {did_you_mean(str(place[-1]), _fields_at(place[:-1]), most=1)}")
        else:
            shown = "" if problem["type"] == "value_error" else f" (it is {_shortened(problem['input'])})"
            lines.append(f"{where}: {problem['msg'].removeprefix('Value error, ')}{shown}")
    return lines


def _shortened(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 100 else f"{text[:100]}..."


def _fields_at(place: tuple[Any, ...]) -> list[str]:
    """The keys that there are below a place."""
    schema: Any = Preset
    if place[:1] == ("settings",):  # settings.<method>, and below it a recipe
        schema, place = (Recipe, place[3:]) if place[2:3] == ("training",) else (MethodSettings, place[2:])
    for part in place:
        kind = schema.model_fields[part].annotation
        schema = next(k for k in (kind, *get_args(kind)) if hasattr(k, "model_fields"))  # LoRA | None is LoRA
    return list(schema.model_fields)
