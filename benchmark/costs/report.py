"""What ``run --dry-run`` says of memory and hours."""

from __future__ import annotations

import os

from benchmark.common.errors import UserError
from benchmark.config.schema import Preset
from benchmark.costs.advice import advice
from benchmark.costs.known import preset_sizes
from benchmark.costs.memory import GIGA, Memory, task_memory
from benchmark.costs.rates import BANDWIDTH_USED, GPUS, UTILISATION, cpu_rates, cpu_seconds, gpu_seconds
from benchmark.costs.sizes import Sizes
from benchmark.costs.tasks import Task, board_tasks, sweep_tasks
from benchmark.costs.texts import Texts, texts_of
from benchmark.costs.work import KINDS, Work
from benchmark.runs.task_device import task_device
from benchmark.runs.workers import worker_count

USABLE = 0.95  # of a memory


def costs(preset: Preset, tune: bool = False) -> str:
    """Lines for a reader: the model's size, memory of the largest task, what fits where, and hours.

    Nothing is written, no weights are loaded, and a model whose sizes are unknown costs a line that says what to give.
    """
    try:
        sizes, texts = preset_sizes(preset), texts_of(preset)
    except UserError as error:
        return f"costs       unknown: {error}"
    tasks = board_tasks(preset, texts, sizes.layers) + (sweep_tasks(preset, texts) if tune else [])
    device = task_device(preset.launch)
    rows = "counted" if texts.counted else "told from TOFU's size"
    lines = [
        f"model size  {sizes.parameters:,} parameters, {sizes.layers} layers; rows and tokens are {rows}",
        *_memory_lines(preset, sizes, texts, tasks, device),
        *_hour_lines(preset, sizes, texts, tasks, device),
    ]
    return "\n".join(lines)


def largest(preset: Preset, sizes: Sizes, texts: Texts, tasks: list[Task], on_gpu: bool) -> tuple[Task, Memory]:
    """The task that takes most memory, and its memory."""
    known = [(task, task_memory(task, preset, sizes, texts, on_gpu)) for task in tasks if task.recipe is not None]
    return max(known, key=lambda pair: pair[1].total(on_gpu))


def _memory_lines(preset: Preset, sizes: Sizes, texts: Texts, tasks: list[Task], device: str) -> list[str]:
    lines = []
    if device == "cpu":
        task, memory = largest(preset, sizes, texts, tasks, on_gpu=False)
        workers = max(1, worker_count(preset, device))
        lines += [
            _parts(task, memory, "a process's memory here", False),
            _machine(workers * memory.total(False), workers),
        ]
    task, memory = largest(preset, sizes, texts, tasks, on_gpu=True)

    def peak(other: Preset) -> float:
        return largest(other, sizes, texts, board_tasks(other, texts, sizes.layers), True)[1].total(True)

    lines.append(_parts(task, memory, "a GPU's memory", True))
    for gpu in GPUS:
        room = gpu.gigabytes * USABLE
        verdict = "fits" if memory.total(True) <= room else f"does not fit; would with: {advice(preset, room, peak)}"
        lines.append(f"  {gpu.name:18} {verdict}")
    return lines


def _parts(task: Task, memory: Memory, what: str, on_gpu: bool) -> str:
    shown = ", ".join(f"{name} {size / GIGA:.1f}" for name, size in memory.parts().items() if size >= 0.05 * GIGA)
    aside = " (cached: in the machine's where it has no room)" if on_gpu and memory.cached >= 0.05 * GIGA else ""
    return f"memory      {what}, GB, at most {memory.total(on_gpu) / GIGA:.1f}{aside}, in {task.label}: {shown}"


def _machine(wanted: float, workers: int) -> str:
    try:
        installed = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):  # a system that does not say
        return f"  {workers} workers take {wanted / GIGA:.1f}"
    verdict = (
        "fit" if wanted <= installed * USABLE else f"do not fit; take {'fewer (--workers), or ' * (workers > 1)}a GPU"
    )
    return f"  {workers} workers of {wanted / workers / GIGA:.1f} in {installed / GIGA:.0f} GB {verdict}"


def _hour_lines(preset: Preset, sizes: Sizes, texts: Texts, tasks: list[Task], device: str) -> list[str]:
    narrow = preset.dtype == "bfloat16" or preset.training.precision == "bf16"
    each = 4 if preset.dtype == "float32" else 2
    phases: dict[str, Work] = {}
    for task in tasks:
        for name, made in task.phases.items():
            phases[name] = phases.get(name, Work()) + made
    whole = sum(phases.values(), Work())
    lines = []
    if device == "cpu":
        rates, workers = cpu_rates(preset, sizes, texts), max(1, worker_count(preset, device))
        hours = {name: cpu_seconds(made, sizes, rates) / 3600 / workers for name, made in phases.items()}
        speed = ", ".join(f"{rates[kind] / 1e9:.0f} {kind}" for kind in KINDS)
        lines.append(f"hours       {_split(hours)} on this processor, {workers} workers; GFLOP/s measured now: {speed}")
    for gpu in GPUS:
        seconds = gpu_seconds(whole, sizes, gpu, narrow, each)
        lines.append(f"  {gpu.name:18} {_hours(seconds / 3600)}")
    lines.append(
        f"  of GPUs: the vendor's peak at {UTILISATION:.0%}, and {BANDWIDTH_USED:.0%} of the memory's speed in decoding, are "
        "assumptions; small models reach less, and loading is not counted"
    )
    return lines


def _split(hours: dict[str, float]) -> str:
    parts = ", ".join(f"{name} {_hours(value)}" for name, value in hours.items())
    return f"{_hours(sum(hours.values()))} ({parts})"


def _hours(value: float) -> str:
    return f"{value * 60:.0f} min" if value < 1.5 else f"{value:,.0f} h" if value >= 10 else f"{value:.1f} h"
