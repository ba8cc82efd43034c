"""The device that a board's tasks compute on."""

from __future__ import annotations

from benchmark.common.devices import resolve_device
from benchmark.config.launch import Launch


def task_device(launch: Launch) -> str:
    """The device that tasks compute on. With Ray, a GPU that is asked for may be another machine's.

    Raises:
        UserError: as ``resolve_device``.
    """
    if launch.launcher == "ray" and launch.device.startswith("cuda"):
        return launch.device
    return resolve_device(launch.device)
