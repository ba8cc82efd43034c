"""``python -m benchmark.speed.launching``: what Ray costs beside the runs themselves, on a simulated grid of runs that sleep.

Every hundred runs need one model, as on a board. Nothing is loaded, trained or written: what is left is the launcher.
"""

from __future__ import annotations

import os
import tempfile
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from benchmark.common.console import out, user_errors

RUNS_OF_A_MODEL = 100


@dataclass(frozen=True)
class Cost:
    """What was measured.

    Attributes:
        seconds: from the first task given to Ray to the last one back.
        slots: tasks that may run at once.
        driver_cpu: seconds that this process computed.
        memory: of this process before, and at its peak, MiB.
    """

    runs: int
    sleep: float
    seconds: float
    slots: float
    driver_cpu: float
    memory: tuple[float, float]

    @property
    def per_run(self) -> float:
        """Seconds that a run occupies its place beyond its own."""
        return self.seconds * self.slots / self.runs - self.sleep


def measure(runs: int, sleep: float, address: str, cpus: float) -> Cost:
    """Execute the grid on a cluster, ``cpus`` of a CPU a run.

    Raises:
        UserError: no cluster at the address.
    """
    import ray
    from rich.progress import Progress

    from benchmark.common.devices import peak_memory_mib, reset_peak_memory
    from benchmark.common.progress import Bar
    from benchmark.config.load import load_preset
    from benchmark.runs.launchers.ray import RayLauncher

    launch = ("launcher=ray", f"address={address}", f"cpus={cpus}", "memory=0", "device=cpu")
    preset = load_preset("quick", [f"launch.{change}" for change in launch])
    plan = _grid(runs, sleep)
    with tempfile.TemporaryDirectory() as folder:
        launcher = RayLauncher(
            preset, Path(folder), Bar(Progress(disable=True), runs), lambda task: True, perform=partial(_sleep, sleep)
        )
        with launcher:
            slots = ray.cluster_resources()["CPU"] / cpus
            launcher.run(_grid(int(2 * slots), 0.0), lambda *done: None)  # starts the workers and their imports
            reset_peak_memory()
            before, begin, cpu = peak_memory_mib()["process"], time.perf_counter(), time.process_time()
            launcher.run(plan, lambda *done: None)
            seconds, computed = time.perf_counter() - begin, time.process_time() - cpu
            after = peak_memory_mib()["process"]
    return Cost(len(plan.tasks), sleep, seconds, slots, computed, (before or 0.0, after or 0.0))


def _grid(runs: int, sleep: float) -> Any:
    from benchmark.runs.model_spec import ModelSpec
    from benchmark.runs.plan import Plan

    needs: dict[Any, set[Any]] = {}
    for number in range(runs):
        model = ModelSpec("model", str(number // RUNS_OF_A_MODEL))
        needs.setdefault(model, set())
        needs[ModelSpec("run", "grid", number)] = {model}
    return Plan(list(needs), needs, runs, 0, dict.fromkeys(needs, sleep))


def _sleep(seconds: float, checkpoints: Any, task: Any) -> None:
    time.sleep(seconds)


def main(
    runs: Annotated[int, typer.Option(min=1)] = 2000,
    sleep: Annotated[float, typer.Option(min=0, help="seconds a run")] = 0.05,
    address: Annotated[
        str, typer.Option(help="of a Ray cluster, as launch.address; none: one in this process")
    ] = "none",
    cpus: Annotated[float, typer.Option(help="of a run: a half lets two run on one CPU")] = 0.5,
) -> None:
    """Measure the launcher's cost of a run and the driver's memory."""
    with user_errors():
        cost = measure(runs, sleep, address, cpus)
        out.print(
            f"{cost.runs} tasks of {1000 * cost.sleep:g} ms, {cost.slots:g} at once: {cost.seconds:.1f} s "
            f"(load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores)\n"
            f"launcher: {1000 * cost.per_run:.1f} ms a task, of which the driver computes "
            f"{1000 * cost.driver_cpu / cost.runs:.1f} ms\n"
            f"driver: {cost.memory[0]:.0f} MiB before, {cost.memory[1]:.0f} MiB at its peak"
        )


if __name__ == "__main__":
    typer.run(main)
