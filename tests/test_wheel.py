"""An installed wheel: one importable name beside other people's packages, and a board from an empty folder."""

from __future__ import annotations

import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from benchmark.common.installed_name import adapted
from tests.board_fixtures import METHOD_FILE, MICRO
from tests.conftest import ROOT

STATEMENTS = [  # in a checkout, installed
    ("from benchmark.common.errors import UserError as E", "from unlearn_bench.common.errors import UserError as E"),
    ("from benchmark import load_preset", "from unlearn_bench import load_preset"),
    ("from methods.base import Batch, nll", "from unlearn_bench.methods.base import Batch, nll"),
    ("import metrics", "import unlearn_bench.metrics as metrics"),
    ("import benchmark", "import unlearn_bench as benchmark"),
    ("import methods.base as base", "import unlearn_bench.methods.base as base"),
]


@pytest.mark.parametrize(("checkout", "installed"), STATEMENTS)
def test_imports_take_the_name_of_the_place(checkout, installed):
    source = "é = 1; {}  # why\nimport benchmarks, metrics_of\nfrom . import methods\n"
    assert adapted(source.format(checkout), installed=True) == source.format(installed)
    back = adapted(source.format(installed), installed=False)
    assert back.removesuffix(" as metrics") == back and adapted(back, installed=True) == source.format(installed)


def test_lines_keep_their_numbers():
    source = "def f():\n    from methods.base import (\n        Batch,\n        nll,\n    )\n    return 1\n"
    assert adapted(source, installed=True).splitlines()[-1] == "    return 1"
    assert len(adapted(source, installed=True).splitlines()) == 6
    with pytest.raises(ValueError, match="from benchmark import"):
        adapted("import benchmark.common\n", installed=True)
    assert adapted("from unlearn_bench import methods, load_preset", installed=False) == (
        "from benchmark import load_preset; import methods"
    )


@pytest.fixture(scope="module")
def environment(tmp_path_factory) -> Path:
    """The ``bin`` of an environment that holds the wheel and the packages that it needs, and nothing of the checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    away = shutil.ignore_patterns(".*", "results", "tests", "__pycache__", "build", "*.egg-info")
    shutil.copytree(ROOT, folder / "source", ignore=away)
    pip = [sys.executable, "-m", "pip", "-q", "--disable-pip-version-check"]
    build = ["wheel", "--no-deps", "--no-build-isolation", "-w", str(folder), str(folder / "source")]
    subprocess.run([*pip, *build], check=True)
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder / "env")], check=True)
    python = folder / "env" / "bin" / "python"
    (wheel,) = folder.glob("*.whl")
    subprocess.run([*pip, "--python", str(python), "install", "--no-deps", "--no-index", str(wheel)], check=True)
    (site,) = (folder / "env" / "lib").glob("python*/site-packages")
    # As a plain folder: its own .pth files, and with them the checkout's editable install, are not read.
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return python.parent


def run(*command: str | Path, folder: Path) -> str:
    done = subprocess.run(list(map(str, command)), cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_one_name_is_importable(environment, tmp_path):
    names = ("benchmark", "methods", "metrics", "run_benchmark", "unlearn_bench")
    code = f"from importlib.util import find_spec; print([n for n in {names} if find_spec(n)])"
    assert run(environment / "python", "-c", code, folder=tmp_path) == "['unlearn_bench']\n"
    code = "from unlearn_bench.methods import load_method; from unlearn_bench import metrics; print(metrics.SETS)"
    assert "forget" in run(environment / "python", "-c", code, folder=tmp_path)


def test_a_tiny_board_from_an_empty_folder(environment, tmp_path):
    (tmp_path / "mine.py").write_text(METHOD_FILE.replace("{body}", ""))  # with the checkout's names
    (tmp_path / "yours.py").write_text(
        METHOD_FILE.replace("{body}", "").replace("methods.base", "unlearn_bench.methods.base")
    )
    changes = [part for change in [*MICRO, "launch.workers=2", "retrained_seeds=[0]"] for part in ("--set", change)]
    run(environment / "unlearn-bench", "run", "--methods", "rkld,mine.py,yours.py", *changes, folder=tmp_path)
    table = (tmp_path / "results" / "quick" / "leaderboard.md").read_text()
    assert all(f"| {row}" in table for row in ("finetuned", "rkld", "mine", "yours"))
    assert all((tmp_path / "results" / "quick" / page).is_file() for page in ("leaderboard.html", "answers.html"))
