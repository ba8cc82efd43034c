"""Who executes a plan: processes of this machine (benchmark/runs/workers.py), or the machines of a Ray cluster (ray.py).

Whoever does it, the plan, the keys, the records and the board are the same, to the last digit.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from benchmark.common.errors import UserError
from benchmark.common.progress import Bar
from benchmark.config.schema import Preset

if TYPE_CHECKING:
    from benchmark.runs.plan import Plan, Task
    from benchmark.runs.workers import OnDone


class PlanRunner(Protocol):
    """What every launcher can do."""

    def run(self, plan: Plan, on_done: OnDone) -> int:
        """Do the plan's tasks, none before what it needs; ``on_done`` is called after each.

        Returns:
            How many were left undone, because one was refused.
        """


def open_launcher(
    preset: Preset, folder: Path, bar: Bar, workers: int, may_begin: Callable[[Task], bool]
) -> AbstractContextManager[PlanRunner]:
    """The launcher that the preset names.

    Args:
        workers: processes, of the launcher local.
        may_begin: asked when a task's turn has come; after one refusal no further task begins.

    Raises:
        UserError: Ray is asked for and not installed.
    """
    if preset.launch.launcher == "local":
        from benchmark.runs.workers import Launcher

        return Launcher(preset, folder, bar, workers, may_begin)
    try:
        import ray  # noqa: F401
    except ImportError:
        raise UserError(
            "the launcher ray needs Ray: pip install 'unlearn-bench[cluster]', or use --launcher local"
        ) from None
    from benchmark.runs.launchers.ray import RayLauncher

    return RayLauncher(preset, folder, bar, may_begin)
