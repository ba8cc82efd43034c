"""The tiny board that drills disturb: its command, its processes, and what must be the same after every disturbance."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

from benchmark.records.record import load_records
from tests.board_fixtures import METHODS, MICRO, half_written
from tests.conftest import ROOT

MARK = "UNLEARN_DRILL"  # in the environment of every process that a drill starts, and so of its children
LONGEST = 600  # seconds that one command may take
OPTIONS = [part for change in MICRO if "workers" not in change for part in ("--set", change)]


def command(folder: Path, workers: int, name: str = "run", methods: str = ",".join(METHODS)) -> list[str]:
    """The command line of the board, or of a sweep on it."""
    line = [sys.executable, str(ROOT / "run_benchmark.py"), name, "--preset", "quick", "--methods", methods, *OPTIONS]
    return [*line, "--out", str(folder), "--workers", str(workers)]


def start(line: list[str], log: Path) -> subprocess.Popen:
    """The command, begun in a process group of its own; what it prints goes to ``log``."""
    environment = os.environ | {MARK: str(log), "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1", "PYTHONPATH": str(ROOT)}
    with open(log, "ab") as file:
        return subprocess.Popen(line, env=environment, stdout=file, stderr=file, cwd=log.parent, start_new_session=True)


def finish(line: list[str], log: Path) -> int:
    """Run the command to its end; its exit code."""
    process = start(line, log)
    try:
        return process.wait(LONGEST)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        return -1


def processes_of(log: Path) -> list[int]:
    """Ids of the processes, still alive, that a drill's command started."""
    wanted, alive = f"{MARK}={log}".encode(), []
    for path in Path("/proc").glob("[0-9]*/environ"):
        try:
            if wanted in path.read_bytes().split(b"\0"):
                alive.append(int(path.parent.name))
        except OSError:  # it has just ended, or is another user's
            continue
    return alive


def orphans(log: Path, patience: float = 30.0) -> list[int]:
    """Processes that are still there after so many seconds; ended then."""
    end = time.monotonic() + patience
    while (alive := processes_of(log)) and time.monotonic() < end:
        time.sleep(0.5)
    for process in alive:
        os.kill(process, signal.SIGKILL)
    return alive


def content(folder: Path) -> dict[str, object]:
    """What a board must have whatever came between: every run's numbers, and its scores to the byte."""
    records = {f"{r.method} {r.split} {r.seed}": (r.status, r.metrics, r.losses) for r in load_records(folder)}
    scores = {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.glob("records/*/*.parquet"))
        if path.is_file()
    }
    return {**records, **scores}


def problems(folder: Path, undisturbed: dict[str, object], log: Path) -> list[str]:
    """What a disturbance has left that it should not have."""
    left = [f"{len(left)} half-written files" for left in [half_written(folder)] if left]
    different = content(folder) != undisturbed
    alive = orphans(log)
    return [*left, *(["another board"] if different else []), *([f"{len(alive)} orphans"] if alive else [])]


def copy_without_methods(board: Path, folder: Path) -> Path:
    """A copy of a finished board whose methods' rows are to be made again; its models are there."""
    shutil.copytree(board, folder)
    for method in METHODS:
        shutil.rmtree(folder / "records" / method)
    return folder
