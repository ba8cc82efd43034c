"""Running a sweep, and the board that takes what it chose: ``run --tune`` does one after the other."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmark.common.registry import split_fields
from benchmark.config.recipe import Recipe
from benchmark.config.schema import MethodSettings, Preset
from benchmark.records.selection import Trial, trials, write_sweep
from benchmark.runs import board
from benchmark.runs.checkpoints import Checkpoints
from benchmark.runs.identity import resolve
from benchmark.runs.plan import board_runs
from methods import load_method, method_source


def run_sweep(
    preset: Preset,
    folder: Path,
    *,
    models: Path,
    workers: int | None = None,
    time_limit: float | None = None,
    say: Callable[[str], None] = print,
) -> list[Trial]:
    """Do what is missing of the preset's sweep (``[sweep]``) on its largest split and first seed, and choose.

    Args:
        folder: of the trials' records, ``sweep.csv`` and ``selected.toml``.
        models: folder of the trained models, shared with the board.
        time_limit: minutes.

    Returns:
        Every trial with the rule's choice; none where the time limit left some undone.
    """
    keys: set[str] = set()
    end = None if time_limit is None else time.monotonic() + 60 * time_limit
    for value in preset.sweep.values:
        left = None if end is None else max(0.0, (end - time.monotonic()) / 60)
        trial = trial_preset(preset, value, models)
        board.run_board(trial, folder, workers=workers, time_limit=left, say=say)
        checkpoints = Checkpoints(trial, folder)
        runs = [resolve(run, checkpoints) for block in board_runs(trial) for run in block]
        keys |= {run.key for run in runs}
        if not all(run.record.exists() for run in runs):
            say("the time limit ended the sweep before its choice; the same command goes on with it")
            return []
    found = trials(folder, preset.sweep.key, keys)
    written = write_sweep(folder, found, preset.sweep.key)
    say(f"sweep: {len(found)} trials of {preset.sweep.key}; written: {', '.join(map(str, written))}")
    return found


def trial_preset(preset: Preset, value: float, models: Path) -> Preset:
    """The board of all methods with one value of the grid, scored as far as the rule reads."""
    key = preset.sweep.key
    whole = Recipe.model_fields[key].annotation is int
    settings = {
        name: MethodSettings(fields=s.fields, training={k: v for k, v in s.training.items() if k != key})
        for name, s in preset.settings.items()
    }
    return preset.model_copy(
        update={
            "methods": swept_methods(preset),
            "splits": [max(preset.splits)],
            "seeds": preset.seeds[:1],
            "training": preset.training.model_copy(update={key: int(value) if whole else value}),
            "settings": settings,
            "scoring": preset.scoring.model_copy(update={"limit": preset.sweep.limit or preset.scoring.limit}),
            "launch": preset.launch.model_copy(update={"models": str(models)}),
        }
    )


def swept_methods(preset: Preset) -> list[str]:
    """The methods that have trials: those that train and are not another one with a field changed."""
    trains = {m: load_method(m, **preset.fields_of(method_source(m)[0])).trains for m in preset.methods}
    return [m for m in preset.methods if trains[m] and split_fields(m)[0] == m]


def tuned(preset: Preset, found: Sequence[Trial]) -> Preset:
    """The preset with every method's chosen value."""
    settings = dict(preset.settings)
    for trial in found:
        if trial.chosen:
            own = settings.get(trial.method, MethodSettings())
            settings[trial.method] = own.model_copy(
                update={"training": {**own.training, preset.sweep.key: trial.value}}
            )
    return preset.model_copy(update={"settings": settings})
