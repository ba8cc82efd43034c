"""Finding methods and metrics by their files.

A registry must list its entries without importing torch or scipy, so names and descriptions are read
from the source text; a module is imported only when one of its entries is used.
"""

from __future__ import annotations

import ast
import importlib
import importlib.util
import re
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from benchmark.common.errors import UserError
from benchmark.common.files import file_hash

NOT_ENTRIES = {"base", "terms", "steering"}


@dataclass(frozen=True)
class SourceFile:
    """What a registry file says of itself: docstring title, and literal constants of module and classes."""

    path: Path
    title: str
    constants: dict[str, Any]

    @property
    def stem(self) -> str:
        return self.path.stem


def _literals(body: list[ast.stmt]) -> dict[str, Any]:
    found = {}
    for node in body:
        targets = (
            node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
        )
        if not targets or not isinstance(targets[0], ast.Name) or node.value is None:
            continue
        try:
            found[targets[0].id] = ast.literal_eval(node.value)
        except ValueError:
            continue  # computed: known only after import
    return found


def read_source(path: Path) -> SourceFile:
    """Read one file's description without running it.

    Raises:
        UserError: the file is absent or not Python.
    """
    try:
        tree = ast.parse(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError(f"there is no file {path}") from None
    except SyntaxError as error:
        raise UserError(f"{path} is not valid Python: line {error.lineno}: {error.msg}") from None
    constants = _literals(tree.body)
    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            constants |= _literals(node.body)
    lines = (ast.get_docstring(tree) or "").splitlines()
    return SourceFile(path, lines[0].rstrip(".") if lines else path.stem, constants)


def entry_files(folder: Path) -> list[Path]:
    """The registry files of a folder, by name."""
    return sorted(p for p in folder.glob("*.py") if not p.stem.startswith("_") and p.stem not in NOT_ENTRIES)


def import_file(path: Path, package: str) -> ModuleType:
    """Import a registry file: one of the package's own by name, any other from its path.

    A file outside is imported under a name that holds its contents' hash, so that an edited file is new.
    """
    own = Path(__file__).parents[2] / package
    if path.resolve().parent == own.resolve():
        return importlib.import_module(f"{package}.{path.stem}")
    if not path.is_file():
        raise UserError(f"there is no file {path}")
    name = f"{package}_file_{path.stem}_{file_hash(path)[:12]}"
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look their module up by name
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        del sys.modules[name]
        raise UserError(f"{path} cannot be imported: {type(error).__name__}: {error}") from error
    return module


def only_subclass(module: ModuleType, base: type) -> type:
    """The one subclass of ``base`` that the module itself defines."""
    found = [
        value
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, base) and value.__module__ == module.__name__
    ]
    if len(found) != 1:
        names = ", ".join(c.__name__ for c in found) or "none"
        raise UserError(f"{module.__file__} must define exactly one subclass of {base.__name__}; it defines {names}")
    return found[0]


def split_fields(name: str) -> tuple[str, str, dict[str, Any]]:
    """The name before ``@key=value``, these as they stand, and as fields; values are TOML, bare words texts."""
    bare, changes = re.fullmatch(r"(.*?)((?:@\w+=[^@/]*)*)", name).groups()
    fields = {}
    for change in changes.split("@")[1:]:
        key, _, text = change.partition("=")
        try:
            fields[key] = tomllib.loads(f"value = {text}")["value"]
        except tomllib.TOMLDecodeError:
            fields[key] = text
    return bare, changes, fields
