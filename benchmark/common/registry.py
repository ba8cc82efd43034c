"""The one registry: entries by name, each defined by a file of one folder. Methods, metrics and presets are kept in it.

A registry lists its entries without importing torch or scipy: what is listed is read from the files' text
(benchmark/common/source_files.py), and a module is imported only when one of its entries is used.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import entry_points
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Generic, TypeVar

from benchmark.common.errors import UserError, unknown_name

T = TypeVar("T")


@dataclass(frozen=True)
class Registry(Generic[T]):
    """The entries of one kind.

    A file whose name begins with an underscore is a helper; so is everything in a folder below.

    Args:
        kind: what messages call an entry: "method", "metric", "preset".
        folder: where the files are.
        suffix: of the files, ".py" or ".toml".
        read: a file's path -> what is known of it without importing it.
        names: what ``read`` gave -> the names that the file defines.
        group: entry-point group by which installed packages add files; each entry point names a module.
    """

    kind: str
    folder: Path
    suffix: str
    read: Callable[[Path], T]
    names: Callable[[T], Iterable[str]]
    group: str | None = None

    def files(self) -> list[Path]:
        """The folder's entry files in alphabetical order, then those of installed packages."""
        own = sorted(p for p in self.folder.glob(f"*{self.suffix}") if not p.name.startswith("_"))
        return own + [_origin(point.name, point.module) for point in entry_points(group=self.group or "")]

    @cached_property
    def entries(self) -> dict[str, T]:
        """Name -> what is known of its file, in alphabetical order.

        Raises:
            UserError: two files define one name.
        """
        homes: dict[str, tuple[Path, T]] = {}
        for path in self.files():
            source = self.read(path)
            for name in self.names(source):
                if name in homes:
                    raise UserError(f"{self.kind} {name!r} is defined by both {homes[name][0]} and {path}; rename one")
                homes[name] = path, source
        return {name: homes[name][1] for name in sorted(homes)}

    def get(self, name: str) -> T:
        """What is known of an entry's file.

        Raises:
            UserError: there is no entry of that name; the nearest names are given.
        """
        if name not in self.entries:
            raise unknown_name(self.kind, name, self.entries)
        return self.entries[name]


def _origin(name: str, module: str) -> Path:
    try:
        spec = find_spec(module)
    except ModuleNotFoundError:  # of the package that it lies in
        spec = None
    if spec is None or spec.origin is None:
        raise UserError(f"the entry point {name!r} names {module!r}, which is not installed: uninstall its package")
    return Path(spec.origin)


def split_fields(name: str) -> tuple[str, str, dict[str, Any]]:
    """The name before ``@key=value``, these as they stand, and as fields; values are TOML, bare words texts.

    Raises:
        UserError: a key stands there twice, or without a value.
    """
    match = re.fullmatch(r"(.*?)((?:@\w+=[^@/]*)*)", name)
    bare, changes = match.groups() if match else (name, "")
    if "@" in bare.rpartition("/")[2] and not re.search(r"\.py(:|$)", bare):
        raise UserError(f"{name!r}: a setting is written @name=value")
    fields = {}
    for change in changes.split("@")[1:]:
        key, _, text = change.partition("=")
        if key in fields:
            raise UserError(f"{name!r} sets {key} twice: keep one")
        fields[key] = toml_value(text)
    return bare, changes, fields


def toml_value(text: str) -> Any:
    """A value as TOML writes it; what is no TOML is a text."""
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text
