"""Time limits on code that is not ours: what takes longer is ended where it stands."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class OverLimit(BaseException):
    """Something took longer than its limit. No Exception, so that an ``except Exception`` in it lets this pass."""


@contextmanager
def time_limit(seconds: float | None, message: str) -> Iterator[None]:
    """Inside, OverLimit(message) is raised after so many seconds, and again each further minute; None: never.

    It works in a process's main thread, on systems with interval timers; elsewhere there is no limit.
    """
    if seconds is None or threading.current_thread() is not threading.main_thread() or not hasattr(signal, "setitimer"):
        yield
        return

    def over(*_: Any) -> None:
        raise OverLimit(message)

    before = signal.signal(signal.SIGALRM, over)
    outer, every = signal.setitimer(signal.ITIMER_REAL, seconds, 60.0)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, outer, every)
        signal.signal(signal.SIGALRM, before)
