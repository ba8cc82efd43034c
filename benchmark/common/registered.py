"""Objects of registered files: a frozen dataclass of settings by its name, ``interpolated@share=0.25``."""

from __future__ import annotations

import dataclasses
import inspect
from pathlib import Path
from typing import Any

from benchmark.common.errors import UserError, unknown_name
from benchmark.common.registry import Registry, split_fields
from benchmark.common.source_files import SourceFile, import_file, only_subclass


def load_registered(
    registry: Registry[SourceFile], base: type, name: str, package: str, folder: Path, attributes: tuple[str, ...]
) -> Any:
    """The object of that name, with its own ``@field=value`` changes.

    Args:
        base: the class that a file's one class derives from.
        package, folder: of the files.
        attributes: class attributes that each must have; ``name`` is the file's.

    Raises:
        UserError: no such name, a setting that it does not have, a value that the setting cannot have, or a file that
            does not define exactly one sound class.
    """
    bare, _, settings = split_fields(name)
    cls = _sound_class(registry, registry.get(bare), base, package, folder, attributes)
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


def _sound_class(
    registry: Registry[SourceFile],
    source: SourceFile,
    base: type,
    package: str,
    folder: Path,
    attributes: tuple[str, ...],
) -> Any:
    cls: Any = only_subclass(import_file(source.path, package, folder), base)
    if missing := [a for a in attributes if not hasattr(cls, a)]:
        raise UserError(f"{source.path}: {cls.__name__} lacks the class attributes {', '.join(missing)}")
    if cls.name != source.stem:
        kind = registry.kind
        raise UserError(f"{source.path}: the {kind}'s name is {cls.name!r}; it must be the file's, {source.stem!r}")
    if inspect.isabstract(cls):
        raise UserError(f"{source.path}: {cls.__name__} does not define {', '.join(cls.__abstractmethods__)}")
    return cls
