"""Objects of registered files: a frozen dataclass of settings by its name, ``interpolated@share=0.25``."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Collection
from pathlib import Path
from types import ModuleType
from typing import Any

from benchmark.common.errors import UserError, unknown_name
from benchmark.common.registry import Registry, split_fields
from benchmark.common.source_files import SourceFile, import_file, only_subclass


def load_registered(
    registry: Registry[SourceFile],
    base: type,
    name: str,
    package: str,
    folder: Path,
    attributes: tuple[str, ...],
    needs: tuple[str, ...],
) -> Any:
    """The object of that name, with its own ``@field=value`` changes.

    Args:
        base: the class that a file's one class derives from.
        package, folder: of the files.
        attributes: class attributes that each must have; ``name`` is the file's.
        needs: what its ``needs`` may name.

    Raises:
        UserError: no such name, a setting that it does not have, a value that the setting cannot have, or a file that
            does not define exactly one sound class.
    """
    bare, _, settings = split_fields(name)
    if bare.endswith(".py"):
        raise UserError(f"{bare}: put the file into {folder} and give its name alone, {Path(bare).stem!r}")
    source = registry.get(bare)
    cls = sound_class(import_file(source.path, package, folder), base, registry.kind, attributes)
    check_names(cls, source.path, "needs", needs, "need")
    known = [f.name for f in dataclasses.fields(cls)]
    if settings_too := [a for a in (*attributes, "needs") if a in known]:
        raise UserError(f"{source.path}: {settings_too[0]} is a setting as it is written: annotate it as ClassVar")
    for key in settings:
        if not known:
            raise UserError(f"{bare} has no settings: write {bare!r} alone instead of {name!r}")
        if key not in known:
            raise unknown_name(f"setting of {bare}", key, known)
    try:
        return cls(**settings)
    except UserError as error:
        raise UserError(f"{name}: {error}") from error


def check_names(cls: Any, path: object, attribute: str, known: Collection[str], kind: str) -> None:
    """Refuse a class whose attribute is no tuple of these names; ``kind`` is what messages call one.

    Raises:
        UserError: it names something else, or is one text.
    """
    names = getattr(cls, attribute)
    if not isinstance(names, tuple):
        raise UserError(f"{path}: {attribute} must be a tuple, such as {(names,)!r}, not {names!r}")
    for name in names:
        if name not in known:
            raise UserError(f"{path}: {unknown_name(kind, str(name), known)}")


def sound_class(module: ModuleType, base: type, kind: str, attributes: tuple[str, ...]) -> Any:
    """The one subclass of ``base`` that a file defines, if it has what it must have.

    Args:
        kind: what messages call it: "metric", "control".

    Raises:
        UserError: it defines none or several, or the class lacks an attribute, a method or its file's name.
    """
    cls: Any = only_subclass(module, base)
    path, stem = module.__file__, Path(str(module.__file__)).stem
    if missing := [a for a in attributes if not hasattr(cls, a)]:
        raise UserError(f"{path}: {cls.__name__} lacks the class attributes {', '.join(missing)}")
    if cls.name != stem:
        raise UserError(f"{path}: the {kind}'s name is {cls.name!r}; it must be the file's, {stem!r}")
    if inspect.isabstract(cls):
        raise UserError(f"{path}: {cls.__name__} does not define {', '.join(cls.__abstractmethods__)}")
    return cls
