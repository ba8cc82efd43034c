"""Joining a Ray cluster: its address, what its workers import, and whether its machines share the board's folder."""

from __future__ import annotations

import logging
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import ray
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from benchmark.common.errors import UserError
from benchmark.common.provenance import ROOT
from benchmark.config.launch import Launch

PASSED_ON = ("HF_HUB_OFFLINE", "HF_HOME", "HF_HUB_CACHE", "HF_ENDPOINT", "TOKENIZERS_PARALLELISM")
IN_CHECKOUT = __name__.startswith("benchmark.")  # else a wheel, which every machine must have installed
MARKER = ".shared-"  # how the names of marker files begin
WAIT = 300  # seconds for a machine to answer


@contextmanager
def connected(launch: Launch) -> Iterator[None]:
    """Inside, this process is a driver of the cluster; one that is connected already stays with its cluster.

    Raises:
        UserError: there is no cluster at the address.
    """
    if ray.is_initialized():
        yield
        return
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_task_oom_retries", "0")  # a task killed for memory is tried again alone, not at once
    quiet: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.WARNING}
    if launch.address == "none":
        try:
            ray.init(include_dashboard=False, **quiet)
        except Exception as error:  # Ray raises a bare one where its processes take longer than it waits
            raise UserError(
                f"Ray did not start in this process ({error}). The machine may be too busy; try again, or use "
                "--launcher local"
            ) from None
    elif "://" in launch.address:
        raise UserError(
            f"launch.address {launch.address!r} is a client's; start the command on a machine of the cluster, with "
            'launch.address = "auto"'
        )
    else:
        try:
            ray.init(address=launch.address, **quiet)
        except (ConnectionError, ValueError, RuntimeError) as error:
            raise UserError(
                f"no Ray cluster at launch.address {launch.address!r} ({str(error).splitlines()[0]}). Start one with "
                "`ray start --head`, or take one in this process: --set launch.address=none"
            ) from None
    try:
        yield
    finally:
        ray.shutdown()


def machines() -> list[dict[str, Any]]:
    """The cluster's machines that are there now."""
    return [node for node in ray.nodes() if node["Alive"]]


@contextmanager
def marker(folder: Path) -> Iterator[Path]:
    """A file in the folder by which a machine knows that it sees it."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{MARKER}{uuid.uuid4().hex}"  # a new name: network disks remember what was absent
    path.touch()
    try:
        yield path
    finally:
        path.unlink(missing_ok=True)


def all_see(path: Path) -> bool:
    """Whether every machine of the cluster has the file."""

    def exists(path: str) -> bool:  # inside a function: pickled by value, since a machine may not have this module
        import os

        return os.path.exists(path)

    ask = ray.remote(exists)
    answers = [
        ask.options(
            num_cpus=0, scheduling_strategy=NodeAffinitySchedulingStrategy(node["NodeID"], soft=False), max_retries=1
        ).remote(str(path))
        for node in machines()
    ]
    try:
        return all(ray.get(answers, timeout=WAIT))
    except ray.exceptions.RayError as error:
        raise UserError(f"a machine of the Ray cluster does not answer: {str(error).splitlines()[0]}") from None


def workers_environment() -> dict[str, Any]:
    """What workers need to import this project: the checkout, where it is one, in place or as a copy."""
    passed_on = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    if not IN_CHECKOUT:
        return {"env_vars": passed_on}
    if all_see(Path(__file__)):
        return {"env_vars": {**passed_on, "PYTHONPATH": str(ROOT)}}
    return {"env_vars": passed_on, "py_modules": [str(ROOT / name) for name in ("benchmark", "methods", "metrics")]}
