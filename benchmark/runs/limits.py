"""What one run may do to the process that it shares with others: so much time, and no change of torch's own settings."""

from __future__ import annotations

import faulthandler
import multiprocessing
import resource
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from benchmark.common.limits import OverLimit, time_limit

GRACE = 60.0  # seconds beyond the limit after which a worker process that does not listen is ended
LONGEST = 2000  # characters of a reason in a record
NO_MEMORY = ("MemoryError", "can't allocate memory", "not enough memory")  # Python's word, and torch's on a CPU


def failure(error: BaseException) -> str:
    """Why a run failed, as one text that every file can hold."""
    try:
        text = str(error) if isinstance(error, OverLimit) else f"{type(error).__name__}: {error}"
    except Exception:  # an exception that cannot be shown
        text = type(error).__name__
    text = text.encode(errors="replace").decode()
    return text if len(text) <= LONGEST else f"{text[:LONGEST]} ..."


def ran_out_of_memory(reason: str) -> bool:
    """Whether a run failed for lack of the machine's memory; of a GPU's, what a run took is given back when it ends."""
    return any(words in reason for words in NO_MEMORY)


def limit_memory(gibibytes: float | None) -> None:
    """The most memory that this process may have from now on; None, or no Linux: as much as there is.

    A run that takes more gets a MemoryError, before the system picks a process to kill.
    """
    if gibibytes is not None and sys.platform == "linux":
        wanted = int(gibibytes * 2**30)
        resource.setrlimit(resource.RLIMIT_DATA, (wanted, resource.getrlimit(resource.RLIMIT_DATA)[1]))


def is_worker() -> bool:
    """Whether this is one of a board's worker processes: they ignore Ctrl-C, since the parent ends them."""
    return multiprocessing.parent_process() is not None


@contextmanager
def run_limit(minutes: float | None) -> Iterator[None]:
    """Inside, OverLimit is raised after so many minutes; None: never.

    A worker process that is deaf to it, in a loop that swallows everything or in compiled code, ends after GRACE more
    seconds, with a traceback on standard error; who began the run then finds its process dead.
    """
    deaf = minutes is not None and is_worker()
    if deaf:
        faulthandler.dump_traceback_later(60 * (minutes or 0) + GRACE, exit=True, file=sys.__stderr__)
    message = f"it took longer than the limit of {minutes} minutes (launch.run_limit)"
    try:
        with time_limit(None if minutes is None else 60 * minutes, message):
            yield
    finally:
        if deaf:
            faulthandler.cancel_dump_traceback_later()


@contextmanager
def alone_in_torch() -> Iterator[None]:
    """Torch's global settings stand after it as before, so that no run decides how the next one computes."""
    dtype, gradients, threads = torch.get_default_dtype(), torch.is_grad_enabled(), torch.get_num_threads()
    try:
        yield
    finally:
        torch.set_default_dtype(dtype)
        torch.set_grad_enabled(gradients)
        torch.set_num_threads(threads)
