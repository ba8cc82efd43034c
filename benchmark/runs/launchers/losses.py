"""What became of a task that was given to Ray: done, not begun, lost with its process, or not to be run there at all."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import Future

from ray.exceptions import (
    NodeDiedError,
    ObjectLostError,
    OutOfMemoryError,
    RayError,
    RayTaskError,
    TaskCancelledError,
    WorkerCrashedError,
)

from benchmark.common.errors import UserError
from benchmark.runs.launchers.ray_task import Done
from benchmark.runs.plan import Plan, Task

KILLED = (WorkerCrashedError, OutOfMemoryError, NodeDiedError, ObjectLostError)


def outcome(future: Future, label: str) -> Done | None:
    """What a task left; None where it was not begun, or something that it needs was not made.

    Raises:
        WorkerCrashedError, OutOfMemoryError, NodeDiedError, ObjectLostError: the process or the machine was lost.
        UserError: it cannot be run on the cluster.
        Exception: what the task itself raised.
    """
    try:
        return future.result()
    except TaskCancelledError:
        return None
    except RayTaskError as error:
        if isinstance(error.cause, ImportError):
            raise UserError(
                f"a machine of the cluster cannot run {label} ({error.cause}); install unlearn-bench[cluster] on all, "
                "in the same version"
            ) from None
        if isinstance(error.cause, RayError):
            return None
        raise error.cause from None
    except KILLED:
        raise
    except RayError as error:
        raise UserError(f"Ray could not run {label}: {str(error).strip().splitlines()[0]}") from None


def ready(waiting: Iterable[Task], plan: Plan, lost: set[Task]) -> list[Task]:
    """The waiting tasks that need nothing that is lost, nor anything that needs it."""
    ready = []
    for task in waiting:  # in the plan's order: what a task needs stands before it
        if task in lost or plan.needs[task] & lost:
            lost.add(task)
        else:
            ready.append(task)
    return ready
