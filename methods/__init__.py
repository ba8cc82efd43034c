"""The registry of unlearning methods: one file a method, found by its name.

``rkld@alpha=4`` is rkld with one field changed, a row of its own on a board; ``@`` may be repeated.

A file lists its named settings in ``VARIANTS`` (name -> fields that differ from the defaults); without
it the file's name is the method's. Installed packages may add files through the entry-point group
``unlearn_bench.methods``: each entry point names a module that looks like a file here.
"""

from __future__ import annotations

import dataclasses
import inspect
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from benchmark.common.errors import UserError, unknown_name
from benchmark.common.names import file_name
from benchmark.common.registry import Registry, split_fields
from benchmark.common.source_files import (
    SourceFile,
    import_file,
    imported_files,
    meaning,
    only_subclass,
    read_source,
)
from methods._retain import RETAIN_FORWARDS, RETAIN_NEEDS

if TYPE_CHECKING:
    from methods.base import Method

FOLDER = Path(__file__).parent


def variants(source: SourceFile) -> dict[str, dict[str, Any]]:
    """The named settings of one file.

    Raises:
        UserError: ``VARIANTS`` is no table of tables, or a name in it cannot be a folder's.
    """
    named = source.constants.get("VARIANTS") or {source.stem: {}}
    if not isinstance(named, dict) or not all(isinstance(fields, dict) for fields in named.values()):
        raise UserError(
            f'{source.path}: VARIANTS must map names to fields, like {{"{source.stem}+kl": {{"retain": "kl"}}}}'
        )
    try:
        return {file_name(str(name)): fields for name, fields in named.items()}
    except ValueError as error:
        raise UserError(f"{source.path}: a row's name is that of its folder: {error}") from None


REGISTRY: Registry[SourceFile] = Registry("method", FOLDER, ".py", read_source, variants, "unlearn_bench.methods")


def method_names() -> list[str]:
    """All registered names, in alphabetical order."""
    return list(REGISTRY.entries)


def method_source(name: str) -> tuple[str, SourceFile]:
    """The row's name and the file of a registered method or of a path (``mine.py``, ``mine.py:mine+rt``).

    Raises:
        UserError: there is no such method, file or variant; the nearest names are given.
    """
    name, changes, _ = split_fields(name)
    if file := re.fullmatch(r"(.+\.py)(?::(.+))?", name):
        source = read_source(Path(file[1]))
        variant = file[2] or next(iter(variants(source)))
        if variant not in variants(source):
            raise unknown_name(f"variant of {source.path}", variant, variants(source))
        return _row_name(variant + changes), source
    return _row_name(name + changes), REGISTRY.get(name)


def _row_name(name: str) -> str:
    try:
        return file_name(name)
    except ValueError as error:
        raise UserError(f"a row's name is that of its folder: {error}") from None


def load_method(name: str, split: str | None = None, **settings: Any) -> Method:
    """A method by its registered name or its file's path, with fields changed by ``settings``.

    Of two values of a field the later one holds: the file's, those that it has for the split (``by_split``),
    ``settings``, the name's own ``@key=value``.

    Raises:
        UserError: no such method, a setting that it does not have, or a value that the setting cannot have.
    """
    from methods.base import NEEDS, Method

    row, source = method_source(name)
    variant, _, fields = split_fields(row)
    by_split = source.constants.get("by_split", {}).get(split, {})
    settings = {**variants(source)[variant], **by_split, **settings, **fields}
    cls: Any = only_subclass(import_file(source.path, __name__, FOLDER), Method)
    if "__dataclass_params__" not in vars(cls):  # its own, not a base class's
        raise UserError(f"{source.path}: {cls.__name__} must be a dataclass: write @dataclass(frozen=True) above it")
    known, make = [f.name for f in dataclasses.fields(cls)], cast(Any, cls)
    for attribute, named in _fields_named(cls).items():
        for field in named:
            if field not in known:
                raise UserError(f"{source.path}: {attribute}: {unknown_name(f'setting of {variant}', field, known)}")
    for key in settings:
        if key not in known:
            raise unknown_name(f"setting of {variant}", key, known)
    try:
        method: Method = make(**settings)
    except UserError as error:
        raise UserError(f"{row}: {error}") from error
    for need in method.required():
        if need not in NEEDS:
            raise UserError(f"{source.path}: {unknown_name('need', str(need), NEEDS)}")
    return method


def _fields_named(cls: type[Method]) -> dict[str, list[str]]:
    """Class attribute -> the fields that it names."""
    by_split = [field for changes in cls.by_split.values() for field in changes]
    return {"weighs": [cls.weighs] if cls.weighs else [], "ranges": list(cls.ranges), "by_split": by_split}


def restore(path: str, fields: dict[str, Any]) -> Method:
    """A method from the file that defines it: how another process unpickles one, whose module it may not have."""
    from methods.base import Method

    return only_subclass(import_file(Path(path), __name__, FOLDER), Method)(**fields)


def source_hashes(method: Method) -> dict[str, str]:
    """What decides a method's loss, for content keys: file name -> hash of what the file does.

    The files are those of its class and of the classes that it inherits from, and all of this package that they import.
    """
    classes = [cls for cls in type(method).__mro__ if cls.__module__ != "builtins"]
    files = {Path(inspect.getsourcefile(cls) or inspect.getfile(cls)) for cls in classes}
    read = {file for path in files for file in imported_files(path, __name__, FOLDER)}
    return {_label(path): meaning(path) for path in sorted(read)}


def _label(path: Path) -> str:
    return path.relative_to(FOLDER).as_posix() if FOLDER in path.parents else f"outside: {path.name}"


def describe() -> list[dict[str, Any]]:
    """Name, title, paper, needs, forward passes a step and status of every method, without importing any."""
    rows = []
    for name, source in REGISTRY.entries.items():
        known = source.constants
        retain = variants(source)[name].get("retain", known.get("retain", "none"))
        trains = known.get("trains", True)
        rows.append(
            {
                "name": name,
                "file": source.path.name,
                "title": source.title,
                "paper": known.get("paper", ""),
                "needs": list(dict.fromkeys((*known.get("needs", ()), *RETAIN_NEEDS[retain]))),
                "forwards": known.get("extra_forwards", 0) + RETAIN_FORWARDS[retain] + 1 if trains else 0,
                "status": known.get("status", "confirmed"),
            }
        )
    return rows
