"""Drills with files: a disk that takes no more, and damaged records, scores and models."""

from __future__ import annotations

import json
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


def damaged(board: Path, undisturbed: dict, place: Path, pattern: str, damage: str) -> list[str]:
    """One file of a finished board is damaged: the same command says so and makes it, and nothing else, again."""
    folder, log = copy_without_methods(board, place / "board"), place / "log.txt"
    path = next(folder.glob(pattern))
    data = path.read_bytes()
    if damage == "a folder in its place":
        path.unlink()
        path.mkdir()
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
    # One bit of a record's JSON may be any digit of a number; a checksum would be needed to see it.
    wrong += ["it said nothing"] if "damaged" not in text and "later version" not in text else []
    return wrong + problems(folder, undisturbed, log)
