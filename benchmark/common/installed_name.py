"""The project's packages under their two names.

A checkout has ``benchmark``, ``methods`` and ``metrics`` side by side. Installed, such names would collide with other
people's packages, so a wheel holds them as ``unlearn_bench``, ``unlearn_bench.methods`` and ``unlearn_bench.metrics``:
building it rewrites their import statements (setup.py), and a user's file may use either names (source_files.py).
"""

from __future__ import annotations

import ast

INSTALLED = "unlearn_bench"
IN_CHECKOUT = {"benchmark": INSTALLED, "methods": f"{INSTALLED}.methods", "metrics": f"{INSTALLED}.metrics"}
PARTS = ("methods", "metrics")  # of the installed package, that stand beside it in a checkout


def adapted(source: str, installed: bool) -> str:
    """Python source with its imports of the project's packages under the names of a wheel, or of a checkout.

    Lines keep their numbers. Imports of other packages stay as they are, to the letter.

    Raises:
        SyntaxError: the source is not Python.
        ValueError: ``import benchmark.x`` binds a name that has no counterpart; write ``from benchmark import x``.
    """
    lines = source.splitlines(keepends=True)
    nodes = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Import | ast.ImportFrom)]
    for node in sorted(nodes, key=lambda node: node.lineno, reverse=True):
        new = _statement(node, installed)
        if new is None:
            continue
        first, last = node.lineno - 1, node.end_lineno or node.lineno
        head = lines[first].encode()[: node.col_offset].decode()
        tail = lines[last - 1].encode()[node.end_col_offset :].decode()
        lines[first:last] = [f"{head}{new}{tail}", *["\n"] * (last - first - 1)]
    return "".join(lines)


def _statement(node: ast.Import | ast.ImportFrom, installed: bool) -> str | None:
    """The statement under the wanted names; None where it stays."""
    if isinstance(node, ast.ImportFrom):
        if node.level or node.module is None:
            return None
        if not installed and node.module == INSTALLED:
            groups = {"benchmark": [a for a in node.names if a.name not in PARTS]}
            statements = [f"from {home} import {_names(names)}" for home, names in groups.items() if names]
            return "; ".join(statements + [f"import {_name(a)}" for a in node.names if a.name in PARTS])
        module = _renamed(node.module, installed)
        return None if module == node.module else f"from {module} import {_names(node.names)}"
    new = [(_renamed(a.name, installed), a) for a in node.names]
    if all(module == a.name for module, a in new):
        return None
    return "; ".join(_import(module, a) for module, a in new)


def _import(module: str, alias: ast.alias) -> str:
    if module == alias.name or alias.asname:
        return f"import {module}" + (f" as {alias.asname}" if alias.asname else "")
    if "." in alias.name:
        raise ValueError(f"import {alias.name}: write from {alias.name.rpartition('.')[0]} import …")
    return f"import {module} as {alias.name}"


def _renamed(module: str, installed: bool) -> str:
    root, dot, rest = module.partition(".")
    if installed:
        return IN_CHECKOUT.get(root, root) + dot + rest
    if root != INSTALLED:
        return module
    part = rest.partition(".")[0]
    return rest if part in PARTS else "benchmark" + dot + rest


def _names(aliases: list[ast.alias]) -> str:
    return ", ".join(map(_name, aliases))


def _name(alias: ast.alias) -> str:
    return f"{alias.name} as {alias.asname}" if alias.asname else alias.name
