"""Running a sweep, and the board that takes what it chose: ``run --tune`` does one after the other."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmark.common.errors import UserError
from benchmark.common.registry import split_fields
from benchmark.config.recipe import Recipe
from benchmark.config.schema import MethodSettings, Preset, Tuning
from benchmark.records.selection import Reading, Trial, choose, least_harm, load_trials
from benchmark.runs import board
from benchmark.runs.checkpoints import Checkpoints
from benchmark.runs.identity import resolve
from benchmark.runs.plan import board_runs
from benchmark.runs.search import Axis, Search, rounded
from methods import load_method, method_source

SPREAD = 1000.0  # how far from its default the second constant may go: authors' weights span three decades


@dataclass(frozen=True)
class Choice:
    """What a sweep found for one method: its trials, and the one that is taken."""

    method: str  # as the preset names it, perhaps a file's path
    trials: list[Trial]
    chosen: Trial
    tuning: Tuning


@dataclass(frozen=True)
class Outcome:
    """A finished sweep."""

    split: str
    finetuned: Reading
    base: Reading
    choices: list[Choice]


def run_sweep(
    preset: Preset,
    folder: str | Path,
    *,
    models: str | Path,
    workers: int | None = None,
    time_limit: float | None = None,
    say: Callable[[str], None] = print,
) -> Outcome | None:
    """Do what is missing of the preset's sweep (``[sweep]``) on its largest split and first seed, and choose.

    Args:
        folder: of the trials' records.
        models: folder of the trained models, shared with the board.
        time_limit: minutes.

    Returns:
        Every method's trials and choice; None where the time limit left some undone.
    """
    end = None if time_limit is None else time.monotonic() + 60 * time_limit
    preset = untuned(preset)
    searches = {method: search_of(preset, method) for method in swept_methods(preset)}
    trials: list[Trial] = []
    models_read: list[Reading] | None = None
    while points := _points(searches, trials, models_read):
        left = None if end is None else max(0.0, (end - time.monotonic()) / 60)
        trial = trial_preset(preset, points, models)
        board.run_board(trial, folder, workers=workers, time_limit=left, say=say)
        checkpoints = Checkpoints(trial, folder)
        runs = [resolve(run, checkpoints) for block in board_runs(trial) for run in block]
        if not all(run.record.exists() for run in runs):
            say("the time limit ended the sweep before its choice; the same command goes on with it")
            return None
        new, *models_read = load_trials(folder, {run.key: points.get(run.run.method, {}) for run in runs})
        trials += new
    if models_read is None:
        raise UserError(f"preset {preset.name} has no method to tune; name some with --methods")
    finetuned, base = models_read
    choices = [
        _choice(preset, method, search, _trials_of(method, trials), finetuned, base)
        for method, search in searches.items()
    ]
    return Outcome(max(preset.splits), finetuned, base, choices)


def _points(
    searches: dict[str, Search], trials: Sequence[Trial], models_read: Sequence[Reading] | None
) -> dict[str, dict[str, float]]:
    """Method -> the hyperparameters of its next trial, of those that have one."""
    if models_read is None:
        return {method: {search.axes[0].name: search.axes[0].start[0]} for method, search in searches.items()}
    points = {method: search.next(_trials_of(method, trials), *models_read) for method, search in searches.items()}
    return {method: point for method, point in points.items() if point is not None}


def _trials_of(method: str, trials: Sequence[Trial]) -> list[Trial]:
    name = method_source(method)[0]
    return [trial for trial in trials if trial.method == name]


def _choice(
    preset: Preset, method: str, search: Search, trials: list[Trial], finetuned: Reading, base: Reading
) -> Choice:
    name, chosen = method_source(method)[0], choose(trials, finetuned, base)
    start = next((v for axis in search.axes if (v := preset.fields_of(name).get(axis.name)) is not None), None)
    if chosen is None:
        return Choice(method, trials, least_harm(trials), Tuning(trials=len(trials), usable=False, start=start))
    edge = search.at_edge(trials, chosen, base)
    return Choice(method, trials, chosen, Tuning(trials=len(trials), edge=edge, start=start))


def search_of(preset: Preset, method: str) -> Search:
    """A method's axes: the preset's key of [training] if it trains, and the constant that the method names."""
    name = method_source(method)[0]
    instance, grid = load_method(method, split=max(preset.splits), **preset.fields_of(name)), preset.sweep
    axes = []
    if instance.trains:
        axes.append(Axis(grid.key, tuple(grid.values), grid.low, grid.high, grid.factor))
    if instance.weighs:
        default = float(getattr(instance, instance.weighs))
        alone = tuple(rounded(default * step) for step in (1, 1 / grid.factor, grid.factor))
        start, factor = ((default,), grid.weight_factor) if axes else (alone, grid.factor)
        axes.append(Axis(instance.weighs, start, default / SPREAD, default * SPREAD, factor))
    return Search(tuple(axes), grid)


def swept_methods(preset: Preset) -> list[str]:
    """The methods that have trials: those with an axis, that are not another one with a field changed."""
    return [m for m in preset.methods if split_fields(m)[0] == m and search_of(preset, m).axes]


def trial_preset(preset: Preset, points: dict[str, dict[str, float]], models: str | Path) -> Preset:
    """The board of one trial of each of these methods, scored as far as the choice reads."""
    settings = {name: known.model_copy(update={"tuning": None}) for name, known in preset.settings.items()}
    for method, changes in points.items():
        name = method_source(method)[0]
        settings[name] = changed(settings.get(name, MethodSettings()), changes)
    scoring = {"sets": preset.sweep.sets, "limit": preset.sweep.limit or preset.scoring.limit, "every": None}
    return preset.model_copy(
        update={
            "name": f"{preset.name}-sweep",
            "methods": list(points),
            "splits": [max(preset.splits)],
            "seeds": preset.seeds[:1],
            **{name: [] for name in ("doses", "controls", "attacks")},
            "settings": settings,
            "scoring": preset.scoring.model_copy(update=scoring),
            "launch": preset.launch.model_copy(update={"models": str(models)}),
        }
    )


def untuned(preset: Preset) -> Preset:
    """The preset without what an earlier sweep chose: a search begins at a method's own constants, however often it is made."""
    methods = {method_source(method)[0]: split_fields(method)[0] for method in preset.methods}
    settings = {}
    for name, known in preset.settings.items():
        if known.tuning is not None and name in methods:
            weighs = load_method(methods[name]).weighs
            axes = {preset.sweep.key, weighs}
            kept = {k: v for k, v in known.training.items() if k not in axes}
            fields = {k: v for k, v in known.fields.items() if k not in axes}
            if known.tuning.start is not None and weighs:
                fields[weighs] = known.tuning.start
            known = MethodSettings(training=kept, fields=fields)
        settings[name] = known
    return preset.model_copy(update={"settings": settings})


def changed(settings: MethodSettings, changes: dict[str, float]) -> MethodSettings:
    """Settings with these hyperparameters, of [training] or of the method."""
    whole = {key for key, known in Recipe.model_fields.items() if known.annotation is int}
    training = {k: int(v) if k in whole else v for k, v in changes.items() if k in Recipe.model_fields}
    fields = {key: value for key, value in changes.items() if key not in Recipe.model_fields}
    update = {"training": {**settings.training, **training}, "fields": {**settings.fields, **fields}}
    return settings.model_copy(update=update)


def tuned(preset: Preset, outcome: Outcome) -> Preset:
    """The preset with every method's choice."""
    settings = dict(preset.settings)
    for choice in outcome.choices:
        name = choice.chosen.method
        own = changed(settings.get(name, MethodSettings()), choice.chosen.changes)
        settings[name] = own.model_copy(update={"tuning": choice.tuning})
    return preset.model_copy(update={"settings": settings})
