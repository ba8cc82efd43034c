"""Processes that do one thing together: a sharded model's ranks, on the devices of this machine.

A function is called in all of them with the same arguments. They wait for one another inside, so one that fails would leave the
others waiting for ever: the first that fails, or dies, ends them all.
"""

from __future__ import annotations

import multiprocessing
import os
import pickle
import signal
import sys
import tempfile
import threading
import time
import traceback
import warnings
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

from benchmark.models.ranks import in_group, is_first, join
from benchmark.runs.process_ends import end_with_parent, meaning_of

Failure = tuple[BaseException | None, str, str]  # what was raised, None of a process that died; in words; its traceback

PATIENCE = 10.0  # seconds in which the others may end too, once one has failed
_line: Connection | None = None  # to the parent, in a rank


class RankFailed(Exception):
    """A call failed on some rank; its text says why, and on which where it was not all of them.

    Attributes:
        error: what was raised; None of a process that died.
        log: the traceback.
    """

    def __init__(self, text: str, error: BaseException | None = None, log: str = ""):
        super().__init__(text)
        self.error, self.log = error, log


def rank_device(device: str, rank: int) -> str:
    """The device of a rank where the first one's is ``device``."""
    if device == "cpu":
        return device
    return f"cuda:{int(device.partition(':')[2] or 0) + rank}"


def report(message: Any) -> None:
    """Tell the parent something while a call goes on; the first rank alone is heard."""
    if _line is not None and is_first():
        _line.send(("message", message))


class RankGroup:
    """``size`` ranks, from ``open`` to ``close``; the first one's device is ``device``."""

    def __init__(self, size: int, device: str):
        self.size, self.device = size, device
        self._processes: list[Any] = []
        self._lines: list[Connection] = []
        self._folder: Any = None

    def open(self) -> None:
        """Start the processes; they meet in the first call."""
        context = multiprocessing.get_context("spawn")  # forked torch threads hang
        self._folder = tempfile.TemporaryDirectory(prefix="unlearn-bench-", ignore_cleanup_errors=True)
        meeting = str(Path(self._folder.name) / "meeting")
        for rank in range(self.size):
            ours, theirs = context.Pipe()
            given = (rank, self.size, rank_device(self.device, rank), meeting, theirs)
            process = context.Process(target=_serve, args=given, daemon=True)
            process.start()
            theirs.close()
            self._processes.append(process)
            self._lines.append(ours)

    def close(self) -> None:
        """End the processes, whatever they do."""
        for process in self._processes:
            process.kill()
        for process in self._processes:
            process.join()
        for line in self._lines:
            line.close()
        if self._folder is not None:
            self._folder.cleanup()
        self._processes, self._lines, self._folder = [], [], None

    def call(self, function: Callable[..., Any], *args: Any, on_message: Callable[[Any], None] | None = None) -> Any:
        """``function(*args)`` on all ranks: what the first one gives back.

        Raises:
            RankFailed: it raised something on some rank, or a process died; all of them are ended then.
        """
        if not self._processes:
            self.open()
        failed: dict[int, Failure] = {}  # by rank, the first one first
        results: dict[int, Any] = {}
        end = None
        for line in self._lines:
            with suppress(OSError):  # it died since the last call; seen below
                line.send((function, args))
        while len(failed) + len(results) < self.size:
            silent = {
                self._lines[rank]: rank for rank in range(self.size) if rank not in failed and rank not in results
            }
            ready = wait(list(silent), None if end is None else max(0.0, end - time.monotonic()))
            if not ready:
                break  # they wait for the one that failed
            for answered in ready:
                rank = silent[answered]  # type: ignore[index]
                kind, value = self._hear(rank)
                if kind == "message" and on_message is not None:
                    on_message(value)
                elif kind == "done":
                    results[rank] = value
                elif kind == "failed":
                    failed[rank] = value
                    end = end or time.monotonic() + PATIENCE
        if failed:
            self.close()
            raise self._cause(failed)
        return results[0]

    def _hear(self, rank: int) -> tuple[str, Any]:
        """What a rank says: its kind and the rest."""
        try:
            return self._lines[rank].recv()
        except (EOFError, OSError):
            process = self._processes[rank]
            process.join(PATIENCE)
            return "failed", (None, f"its process died: {meaning_of(process.exitcode)}", "")

    def _cause(self, failed: dict[int, Failure]) -> RankFailed:
        """What is to be told of several failures: where a process died the others only say that they lost a connection."""
        rank = next((rank for rank, (error, _, _) in failed.items() if error is None), next(iter(failed)))
        error, text, log = failed[rank]
        alike = len(failed) == self.size and len({text for _, text, _ in failed.values()}) == 1
        return RankFailed(text if alike else f"rank {rank} of {self.size}: {text}", error, log)


def _serve(rank: int, size: int, device: str, meeting: str, line: Connection) -> None:
    """A rank's life: calls, until the parent ends it."""
    global _line
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the parent, which ends its ranks
    threading.Thread(target=end_with_parent, daemon=True).start()
    _line = line
    if rank:  # what all would print, the first one prints
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115
        warnings.simplefilter("ignore")
    warnings.filterwarnings(
        "ignore", message="FSDP2-wrapped module .* returned a view"
    )  # losses change no logits in place
    if sys.platform == "linux":
        os.environ.setdefault("GLOO_SOCKET_IFNAME", "lo")  # all ranks are on this machine, whose name may lead nowhere
    while True:
        try:
            function, args = line.recv()
        except EOFError:
            return
        try:
            if not in_group():
                join(rank, size, device, meeting)
            answer: tuple[str, Any] = ("done", function(*args))
        except BaseException as error:  # whatever it is, the parent has to know
            answer = ("failed", (_portable(error), _text(error), "".join(traceback.format_exception(error))))
        line.send(answer)


def _text(error: BaseException) -> str:
    from benchmark.runs.limits import failure

    return failure(error)


def _portable(error: BaseException) -> BaseException:
    """The error, or one of its text where it cannot be sent to another process."""
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:
        return RuntimeError(_text(error))
    return error
