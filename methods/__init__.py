"""The registry of unlearning methods: one file a method, found by its name.

``rkld@alpha=4`` is rkld with one field changed, a row of its own on a board; ``@`` may be repeated.

A file lists its named settings in ``VARIANTS`` (name -> fields that differ from the defaults); without
it the file's name is the method's. Installed packages may add files through the entry-point group
``unlearn_bench.methods``: each entry point names a module that looks like a file here.
"""

from __future__ import annotations

import dataclasses
import re
from functools import lru_cache
from importlib.metadata import entry_points
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmark.common.errors import UserError, unknown_name
from benchmark.common.registry import SourceFile, entry_files, import_file, only_subclass, read_source, split_fields

if TYPE_CHECKING:
    from methods.base import Method

FOLDER = Path(__file__).parent
RETAIN_FORWARDS = {"none": 0, "rt": 1, "kl": 2}


def variants(source: SourceFile) -> dict[str, dict[str, Any]]:
    """The named settings of one file."""
    return source.constants.get("VARIANTS") or {source.stem: {}}


@lru_cache
def _files() -> dict[str, SourceFile]:
    sources = [read_source(path) for path in entry_files(FOLDER)]
    for point in entry_points(group="unlearn_bench.methods"):
        spec = find_spec(point.module)
        if spec is None or spec.origin is None:
            raise UserError(f"the entry point {point.name!r} names {point.module!r}, which is not installed")
        sources.append(read_source(Path(spec.origin)))
    found: dict[str, SourceFile] = {}
    for source in sources:
        for name in variants(source):
            if name in found:
                raise UserError(f"method {name!r} is defined by both {found[name].path} and {source.path}; rename one")
            found[name] = source
    return found


def method_names() -> list[str]:
    """All registered names, in alphabetical order."""
    return sorted(_files())


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
        return variant + changes, source
    if name not in _files():
        raise unknown_name("method", name, method_names())
    return name + changes, _files()[name]


def load_method(name: str, **settings: Any) -> Method:
    """A method by its registered name or its file's path, with fields changed by ``settings``.

    Raises:
        UserError: no such method, or a setting that it does not have.
    """
    from methods.base import Method

    row, source = method_source(name)
    variant, _, fields = split_fields(row)
    settings = {**settings, **fields}
    cls = only_subclass(import_file(source.path, "methods"), Method)
    known = [f.name for f in dataclasses.fields(cls)]
    for key in settings:
        if key not in known:
            raise unknown_name(f"setting of {variant}", key, known)
    return cls(**{**variants(source)[variant], **settings})


def describe() -> list[dict[str, Any]]:
    """Name, title, paper, needs, forward passes a step and status of every method, without importing any."""
    rows = []
    for name, source in sorted(_files().items()):
        known = source.constants
        retain = variants(source)[name].get("retain", known.get("retain", "none"))
        needs = [*known.get("needs", ())]
        needs += [n for n in {"rt": ["retain"], "kl": ["retain", "reference"]}.get(retain, []) if n not in needs]
        trains = known.get("trains", True)
        rows.append(
            {
                "name": name,
                "file": source.path.name,
                "title": source.title,
                "paper": known.get("paper", ""),
                "needs": needs,
                "forwards": known.get("extra_forwards", 0) + RETAIN_FORWARDS[retain] + 1 if trains else 0,
                "status": known.get("status", "confirmed"),
            }
        )
    return rows
