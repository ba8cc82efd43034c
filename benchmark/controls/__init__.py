"""Rows of a board that unlearn nothing: cheats that a benchmark must see through, and yardsticks, by scoring alone.

Every ``benchmark/controls/<name>.py`` is a control: one subclass of ``Control`` whose ``name`` is the file's.
``interpolated@share=0.25`` is interpolated with one field changed, a row of its own on a board; ``@`` may be repeated.
"""

from __future__ import annotations

import dataclasses
import inspect
from pathlib import Path
from typing import TYPE_CHECKING

from benchmark.common.errors import UserError, unknown_name
from benchmark.common.registry import Registry, split_fields
from benchmark.common.source_files import SourceFile, import_file, only_subclass, read_source

if TYPE_CHECKING:
    from benchmark.controls.base import Control

FOLDER = Path(__file__).resolve().parent
ATTRIBUTES = ("name", "version", "needs")

REGISTRY: Registry[SourceFile] = Registry("control", FOLDER, ".py", read_source, lambda source: [source.stem])


def control_names() -> list[str]:
    """The names of all controls, in alphabetical order; nothing is imported."""
    return list(REGISTRY.entries)


def load_control(name: str) -> Control:
    """The control of that name, with its own ``@field=value`` changes.

    Raises:
        UserError: no such control, a setting that it does not have, a value that the setting cannot have, or a file
            that does not define exactly one sound control.
    """
    bare, _, settings = split_fields(name)
    cls = _sound_class(REGISTRY.get(bare))
    known = [f.name for f in dataclasses.fields(cls)]
    for key in settings:
        if not known:
            raise UserError(f"{bare} has no settings: write {bare!r} alone instead of {name!r}")
        if key not in known:
            raise unknown_name(f"setting of {bare}", key, known)
    try:
        return cls(**settings)
    except UserError as error:
        raise UserError(f"{name}: {error}") from error


def _sound_class(source: SourceFile) -> type[Control]:
    from benchmark.controls.base import Control

    cls: type[Control] = only_subclass(import_file(source.path, __name__, FOLDER), Control)
    if missing := [a for a in ATTRIBUTES if not hasattr(cls, a)]:
        raise UserError(f"{source.path}: {cls.__name__} lacks the class attributes {', '.join(missing)}")
    if cls.name != source.stem:
        raise UserError(f"{source.path}: the control's name is {cls.name!r}; it must be the file's, {source.stem!r}")
    if inspect.isabstract(cls):
        raise UserError(f"{source.path}: {cls.__name__} does not define {', '.join(cls.__abstractmethods__)}")
    return cls
