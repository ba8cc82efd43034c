"""The rooms of the house: imports run one way, private names stay private, and boards need no torch."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT

# A room imports from rooms of earlier floors only; rooms of one floor do not import each other.
FLOORS = (
    ("common",),
    ("config",),
    ("data",),
    ("models",),
    ("methods", "evaluation"),
    ("training", "metrics", "controls"),
    ("attacks", "records"),
    ("runs", "leaderboard"),
    ("page",),
    ("comparison", "conformance", "rkld_claims", "scorecard", "speed", "simulations", "costs"),
    ("cli",),
)
ONLY = {"simulations": ("common", "metrics")}  # they speak of the statistics, not of runs
FLOOR = {room: number for number, rooms in enumerate(FLOORS) for room in rooms}
PACKAGES = ("benchmark", "methods", "metrics")


def room_of(module: str) -> str | None:
    """The room of a dotted name; None for the package itself and for other people's modules."""
    package, *inner = module.split(".")
    if package == "benchmark":
        return inner[0] if inner else None
    return package if package in PACKAGES else None


def imports(tree: ast.AST) -> list[tuple[str, str]]:
    """(module, name) of every import in a file, inside functions and under TYPE_CHECKING too."""
    names = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names += [(alias.name, "") for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module in PACKAGES:
            names += [
                (f"{node.module}.{a.name}" if node.module == "benchmark" else node.module, a.name) for a in node.names
            ]
        elif isinstance(node, ast.ImportFrom):
            names += [(node.module or "", alias.name) for alias in node.names]
    return names


def violations(path: Path, source: str) -> list[str]:
    """What a file imports against the rules."""
    room = room_of(".".join(path.with_suffix("").parts))
    wrong = []
    for module, name in imports(ast.parse(source)):
        other = room_of(module)
        if room is None or other is None or other == room:
            continue
        if FLOOR[other] >= FLOOR[room]:
            wrong.append(f"{path}: {room} imports {module}, which is not below it")
        elif other not in ONLY.get(room, (other,)):
            wrong.append(f"{path}: {room} imports {module}, and may only import {', '.join(ONLY[room])}")
        if name.startswith("_") or any(part.startswith("_") for part in module.split(".")):
            wrong.append(f"{path}: {module}.{name} is private to {other}")
    return wrong


def files() -> list[Path]:
    return [path.relative_to(ROOT) for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]


def test_imports_run_one_way():
    assert [line for path in files() for line in violations(path, (ROOT / path).read_text(encoding="utf-8"))] == []


def test_every_folder_is_a_room_and_says_what_it_is_for():
    folders = {path.parent for path in (ROOT / "benchmark").glob("*/__init__.py")}
    assert {folder.name for folder in folders} <= FLOOR.keys()
    for folder in folders:
        assert ast.get_docstring(ast.parse((folder / "__init__.py").read_text(encoding="utf-8"))), folder


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("benchmark/common/files.py", "import benchmark.config.load"),
        ("benchmark/records/record.py", "def f():\n    from benchmark.runs.plan import Plan"),
        ("metrics/rouge.py", "if TYPE_CHECKING:\n    from benchmark.training.loop import train"),
        ("methods/rkld.py", "from benchmark.evaluation.scores import Scores"),
        ("benchmark/runs/plan.py", "from benchmark.leaderboard import build"),
        ("benchmark/config/load.py", "from benchmark import data"),
        ("benchmark/leaderboard/cells.py", "from metrics._rows import ROUNDING"),
        ("benchmark/runs/plan.py", "from benchmark.records.record import _upgraded"),
        ("benchmark/simulations/coverage.py", "from benchmark.config.load import load_config"),
    ],
)
def test_a_violation_is_found(path, source):
    assert len(violations(Path(path), source)) == 1


def test_a_board_is_rebuilt_without_torch(tmp_path):
    """The records, metrics, leaderboard and page rooms, and every module in them, do without torch."""
    modules = [
        ".".join(p.with_suffix("").parts)
        for p in files()
        if room_of(".".join(p.parts)) in ("metrics", "records", "leaderboard", "page")
    ]
    code = f"""
import importlib, sys
sys.modules["torch"] = None  # importing it raises ImportError
for name in {[name.removesuffix(".__init__") for name in modules]}:
    importlib.import_module(name)
from pathlib import Path
from benchmark.leaderboard.build import build, write
from benchmark.page import write_pages
folder = Path({str(tmp_path)!r})
board = build(Path({str(ROOT / "results" / "published" / "quick")!r}))
write(folder, board)
write_pages(folder, board)
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "leaderboard.md").is_file() and (tmp_path / "leaderboard.html").is_file()
