"""Settings that all tests share."""

import os
import shutil
import signal
from pathlib import Path

import pytest

# Before torch is imported: the tests run in parallel processes, so each takes one core, and none asks the hub.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

# A shell that starts the tests in the background has them ignore Ctrl-C, and so would every process that they start.
signal.signal(signal.SIGINT, signal.default_int_handler)

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def tofu() -> Path:
    """A folder with the real TOFU: $UNLEARN_TOFU, or ../shared/tofu beside the checkout."""
    folder = Path(os.environ.get("UNLEARN_TOFU", ROOT.parent / "shared" / "tofu"))
    if not (folder / "full.json").is_file():
        pytest.skip(f"no TOFU at {folder}; set UNLEARN_TOFU to a folder with its files")
    return folder


@pytest.fixture(scope="session")
def made_board(tmp_path_factory) -> Path:
    """The folder of a finished small board (tests/board_fixtures.py). To be read only."""
    from benchmark.runs.board import run_board
    from tests.board_fixtures import micro

    folder = tmp_path_factory.mktemp("made") / "board"
    run_board(micro(), folder, say=lambda text: None)
    return folder


@pytest.fixture
def board(made_board, tmp_path) -> Path:
    """A copy of the finished board, to be changed."""
    return Path(shutil.copytree(made_board, tmp_path / "board"))
