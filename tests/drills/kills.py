"""Drills with processes: ended at random moments, and two at once. The same command must then give the same board."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from tests.drills.grid import command, copy_without_methods, finish, problems, processes_of, start

Drill = Callable[[], list[str]]  # what went wrong; nothing where it was survived


def ended(board: Path, undisturbed: dict, place: Path, how: signal.Signals, worker: bool, moment: float) -> list[str]:
    """End the driver, or one of its two workers, ``moment`` seconds after its start; then the same command."""
    folder, log = copy_without_methods(board, place / "board"), place / "log.txt"
    line = command(folder, workers=2 if worker else 1)
    process = start(line, log)
    while worker and process.poll() is None and not workers_of(log):
        time.sleep(0.2)
    time.sleep(moment / 2 if worker else moment)  # a worker begins at about half of the time
    if worker:
        for pid in workers_of(log)[:1]:
            os.kill(pid, how)
    elif process.poll() is None:
        os.kill(process.pid, how)
    code = process.wait(600)
    if worker and code != 0:
        return [f"the board ended with {code} when its worker was killed"]
    if finish(line, log) != 0:
        return ["the same command failed afterwards"]
    return problems(folder, undisturbed, log)


def workers_of(log: Path) -> list[int]:
    """Ids of a command's worker processes."""
    return [pid for pid in processes_of(log) if is_worker(pid)]


def is_worker(pid: int) -> bool:
    """Whether the process computes; multiprocessing's tracker of resources does not."""
    try:
        return b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False


def two_at_once(board: Path, undisturbed: dict, place: Path, second: str) -> list[str]:
    """The board's command twice, or a sweep beside it: one is refused or both go well, and the board is the same."""
    folder, log = copy_without_methods(board, place / "board"), place / "log.txt"
    line = command(folder, workers=1)
    other = line if second == "run" else command(place / "sweep", 1, "sweep", "grad_ascent")
    other = [
        *other,
        *(["--set", "sweep.trials=1", "--set", f"launch.models={folder}/cache/models"] * (second != "run")),
    ]
    both: list[subprocess.Popen] = [start(line, log), start(other, log)]
    codes = sorted(process.wait(600) for process in both)
    wrong = [] if codes in ([0, 0], [0, 2]) else [f"they ended with {codes}"]
    if second == "run" and codes == [0, 2] and "another command is at work" not in log.read_text():
        wrong.append("the refused one did not say why")
    return wrong + problems(folder, undisturbed, log)


def moments(count: int, longest: float, seed: int) -> list[float]:
    """Random moments of a command that takes so many seconds, one in each of ``count`` equal parts."""
    rng = random.Random(seed)
    return [longest * (i + rng.random()) / count for i in range(count)]
