"""A process and its parent: what an end says, and that none outlives who began it."""

from __future__ import annotations

import multiprocessing
import os
import signal


def meaning_of(code: int | None) -> str:
    """What an exit code says of a process's end."""
    if code is None or code >= 0:
        return f"exit code {code}" if code is not None else "nobody knows how"
    name = signal.Signals(-code).name
    return f"killed by {name}" + (", most likely for lack of memory" if name == "SIGKILL" else "")


def end_with_parent() -> None:
    """Wait for the parent's end, and end with it: who was killed cannot end its workers, and they would go on for nobody."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
