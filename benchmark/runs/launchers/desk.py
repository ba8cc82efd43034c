"""The desk of a board on a Ray cluster: tasks on any machine report to it, and the driver collects what they reported."""

from __future__ import annotations

import asyncio
import time
from typing import Any, NamedTuple

INTERVAL = 0.5  # seconds between two reports of how far a task is


class Message(NamedTuple):
    """What a task reports."""

    kind: str  # "begin", "phase" or "advance"
    number: int  # of the task in the plan
    where: str
    run: str = ""
    phase: str = ""
    units: float = 0.0  # of work since the last message


class Desk:
    """An actor without a CPU of its own, on the driver's machine."""

    def __init__(self) -> None:
        self._messages: list[Message] = []
        self._news = asyncio.Event()

    async def report(self, message: Message) -> None:
        """Leave a message. Tasks do not wait for it: one that waits gives its CPU to another."""
        self._messages.append(message)
        self._news.set()

    async def collect(self) -> list[Message]:
        """All messages since the last call, as soon as there is one."""
        await self._news.wait()
        self._news.clear()
        messages, self._messages = self._messages, []
        return messages


class DeskReporter:
    """Reports how far one task is, at most twice a second."""

    def __init__(self, desk: Any, number: int, where: str):
        self.desk, self.number, self.where = desk, number, where
        self._units, self._last = 0.0, time.monotonic()
        self._send("begin")

    def phase(self, run: str, phase: str) -> None:
        self._send("phase", run, phase)

    def advance(self, units: float) -> None:
        self._units += units
        if time.monotonic() - self._last >= INTERVAL:
            self.flush()

    def flush(self) -> None:
        """Report the work that was held back."""
        self._send("advance")

    def _send(self, kind: str, run: str = "", phase: str = "") -> None:
        self.desk.report.remote(Message(kind, self.number, self.where, run, phase, self._units))
        self._units, self._last = 0.0, time.monotonic()
