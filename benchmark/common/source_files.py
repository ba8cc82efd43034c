"""Python files that define a method or a metric: what they say of themselves, importing them, and what they mean."""

from __future__ import annotations

import ast
import hashlib
import importlib
import io
import sys
import tokenize
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import ModuleType
from typing import Any

from benchmark.common.errors import UserError
from benchmark.common.files import file_hash
from benchmark.common.installed_name import IN_CHECKOUT, adapted
from benchmark.common.limits import OverLimit, time_limit

IMPORT_SECONDS = 120.0  # what a file may take to import, the libraries that it imports included


@dataclass(frozen=True)
class SourceFile:
    """What a file says of itself: its docstring's title, and the literal constants of module and classes."""

    path: Path
    title: str
    constants: dict[str, Any]

    @property
    def stem(self) -> str:
        return self.path.stem


def read_source(path: Path) -> SourceFile:
    """Read one file's description without running it.

    Raises:
        UserError: the file is absent or not Python.
    """
    tree = _parse(path)
    constants = _literals(tree.body)
    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            constants |= _literals(node.body)
    lines = (ast.get_docstring(tree) or "").splitlines()
    return SourceFile(path, lines[0].rstrip(".") if lines else path.stem, constants)


def _parse(path: Path) -> ast.Module:
    try:
        return ast.parse(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError(f"there is no file {path}") from None
    except IsADirectoryError:
        raise UserError(f"{path} is a folder: name a Python file") from None
    except SyntaxError as error:
        raise UserError(f"{path} is not valid Python: line {error.lineno}: {error.msg}") from None
    except (UnicodeDecodeError, ValueError, RecursionError, MemoryError) as error:
        raise UserError(f"{path} is not valid Python: {error}") from None


def _literals(body: list[ast.stmt]) -> dict[str, Any]:
    constants = {}
    for node in body:
        targets = (
            node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
        )
        if not targets or not isinstance(targets[0], ast.Name) or node.value is None:  # type: ignore[attr-defined]
            continue
        try:
            constants[targets[0].id] = ast.literal_eval(node.value)  # type: ignore[attr-defined]
        except ValueError:
            continue  # computed: known only after import
    return constants


def import_file(path: Path, package: str, folder: Path) -> ModuleType:
    """Import a registry file: one of ``package``'s own, which lie in ``folder``, by name; any other from its path.

    A file outside is imported under a name that holds its contents' hash, so that an edited file is new.

    Raises:
        UserError: there is no such file, or it cannot be imported.
    """
    if path.resolve().parent == folder.resolve():
        return importlib.import_module(f"{package}.{path.stem}")
    if not path.is_file():
        raise UserError(f"there is no file {path}")
    name = f"{package.replace('.', '_')}_file_{path.stem}_{file_hash(path)[:12]}"
    if name in sys.modules:
        return sys.modules[name]
    module = ModuleType(name)
    module.__file__ = str(path)
    sys.modules[name] = module  # dataclasses look their module up by name
    try:
        text = adapted(path.read_text(encoding="utf-8"), installed="." in package)
        with time_limit(IMPORT_SECONDS, f"importing it takes longer than {IMPORT_SECONDS:g} seconds"):
            exec(compile(text, str(path), "exec"), module.__dict__)
    except (Exception, SystemExit, OverLimit) as error:
        del sys.modules[name]
        moved = isinstance(error, ModuleNotFoundError) and (error.name or "").partition(".")[0] in IN_CHECKOUT
        hint = "; a method's file imports from methods.base, a metric's from metrics.base" if moved else ""
        raise UserError(f"{path} cannot be imported: {type(error).__name__}: {error}{hint}") from error
    return module


def only_subclass(module: ModuleType, base: type) -> type:
    """The one subclass of ``base`` that the module itself defines."""
    classes = [
        value
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, base) and value.__module__ == module.__name__
    ]
    if len(classes) != 1:
        names = ", ".join(c.__name__ for c in classes) or "none"
        raise UserError(f"{module.__file__} must define exactly one subclass of {base.__name__}; it defines {names}")
    return classes[0]


def meaning(path: Path) -> str:
    """Hash of what a Python file does, wherever what it uses may live: its text without imports, docstrings and comments.

    Two files that differ only in those, or in blank lines, mean the same.
    """
    text = path.read_text(encoding="utf-8")
    lines: list[str | None] = list(text.splitlines())
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            row, column = token.start
            lines[row - 1] = lines[row - 1][:column]  # type: ignore[index]
    for node in ast.walk(_parse(path)):
        if isinstance(node, ast.Import | ast.ImportFrom | ast.Expr) and _means_nothing(node):
            lines[node.lineno - 1 : node.end_lineno] = [None] * ((node.end_lineno or node.lineno) - node.lineno + 1)
    kept = "\n".join(line.rstrip() for line in lines if line is not None and line.strip())
    return hashlib.sha256(kept.encode()).hexdigest()


def _means_nothing(node: ast.stmt) -> bool:
    """Whether it is an import or a docstring."""
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
    return isinstance(node, ast.Import | ast.ImportFrom)


def imported_files(path: Path, package: str, folder: Path) -> set[Path]:
    """The file itself and those of ``package``, which lie in ``folder``, that it imports, and that these import."""
    seen: set[Path] = set()
    open_ = {path}
    while open_:
        current = open_.pop()
        seen.add(current)
        open_ |= {file for module in _modules(current) for file in _files_of(module, package, folder)} - seen
    return seen


def _modules(path: Path) -> frozenset[str]:
    return _modules_in(path.read_text(encoding="utf-8"))


@lru_cache(maxsize=256)
def _modules_in(text: str) -> frozenset[str]:
    modules: set[str] = set()
    for node in ast.walk(ast.parse(adapted(text, installed=False))):
        if isinstance(node, ast.Import):
            modules |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            modules |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return frozenset(modules)


def _files_of(module: str, package: str, folder: Path) -> list[Path]:
    """The files that importing a module of the package runs, but for the package's own ``__init__``."""
    root, *inner = module.split(".")
    if root != package.rpartition(".")[2]:
        return []
    files = []
    for depth in range(1, len(inner) + 1):
        place = folder.joinpath(*inner[:depth])
        files += [file for file in (place.with_suffix(".py"), place / "__init__.py") if file.is_file()]
    return files
