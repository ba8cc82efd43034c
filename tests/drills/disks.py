"""Drills with files: a disk that takes no more, and damaged records, scores and models."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.drills.grid import command, copy_without_methods, finish, problems
from tests.drills.kills import start


def full(board: Path, undisturbed: dict, place: Path, kibibytes: int) -> list[str]:
    """No file may grow beyond a limit: one clear line and exit code 2, and the same command goes on without it."""
    folder, log = copy_without_methods(board, place / "board"), place / "log.txt"
    line = command(folder, workers=1)
    limited = f"import resource, signal, os; signal.signal(signal.SIGXFSZ, signal.SIG_IGN); resource.setrlimit(resource.RLIMIT_FSIZE, ({kibibytes * 1024},) * 2); os.execv({line[0]!r}, {line!r})"
    said = place / "said.txt"
    code = start([sys.executable, "-c", limited], said).wait(600)
    text = said.read_text(errors="replace")
    wrong = (
        [] if code == 2 and "the same command again" in text else [f"it ended with {code} and did not say what to do"]
    )
    wrong += ["a traceback"] if "Traceback" in text else []
    if finish(line, log) != 0:
        return [*wrong, "the same command failed afterwards"]
    return wrong + problems(folder, undisturbed, log)


READ_ONLY = 'mount --bind "$0" "$0" && mount -o remount,ro,bind "$0" && exec "$@"'  # in a mount namespace of its own


def why_no_mounts() -> str:
    """Why this machine lets nobody make a folder read-only for one command; empty where it does."""
    try:
        done = subprocess.run(["unshare", "-m", "mount", "--bind", "/tmp", "/tmp"], capture_output=True, text=True)
    except OSError as error:
        return f"unshare: {error.strerror}"
    return done.stderr.strip()


def read_only(board: Path, undisturbed: dict, place: Path, sub: str) -> list[str]:
    """The board's folder cannot be written: one clear line and exit code 2, and the same command goes on when it can."""
    folder, log = copy_without_methods(board, place / "board"), place / "log.txt"
    line = command(folder, workers=1)
    said = place / "said.txt"
    code = start(["unshare", "-m", "sh", "-c", READ_ONLY, str(folder / sub), *line], said).wait(600)
    text = said.read_text(errors="replace")
    wrong = [] if code == 2 and "Read-only file system; choose" in text else [f"it ended with {code} and was not clear"]
    wrong += ["a traceback"] if "Traceback" in text else []
    if finish(line, log) != 0:
        return [*wrong, "the same command failed afterwards"]
    return wrong + problems(folder, undisturbed, log)


def damaged(board: Path, undisturbed: dict, place: Path, pattern: str, damage: str) -> list[str]:
    """One file of a finished board is damaged: the same command says so and makes it, and nothing else, again."""
    folder, log = copy_without_methods(board, place / "board"), place / "log.txt"
    path = next(folder.glob(pattern))
    data = path.read_bytes()
    if damage == "a folder in its place":
        path.unlink()
        path.mkdir()
    elif damage == "a changed digit":  # the JSON stays one
        record = json.loads(data)
        record["seconds"]["total"] += 1
        path.write_text(json.dumps(record))
    elif damage == "a newer schema":
        path.write_text(json.dumps(json.loads(data) | {"schema_version": 99}))
    else:
        half = len(data) // 2
        flipped = data[:half] + bytes([data[half] ^ 1]) + data[half + 1 :]
        path.write_bytes({"empty": b"", "cut short": data[:half], "a flipped bit": flipped}[damage])
    code = finish(command(folder, workers=1), log)
    text = log.read_text(errors="replace")
    wrong = [] if code == 0 else [f"it ended with {code}"]
    wrong += ["a traceback"] if "Traceback" in text else []
    wrong += ["it said nothing"] if "damaged" not in text and "later version" not in text else []
    return wrong + problems(folder, undisturbed, log)
