"""What a board has to run, in which order, and what is there already."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmark.attacks import load_attack
from benchmark.common.errors import UserError, unknown_name
from benchmark.common.registry import split_fields
from benchmark.config.schema import Preset
from benchmark.controls import control_names, load_control
from benchmark.data.tofu import check_source
from benchmark.data.types import FORGET_PERCENT
from benchmark.models.loading import locate
from benchmark.records.record import REFERENCE_ROWS, load_record, scores_path
from benchmark.records.score_files import load_scores
from benchmark.runs.checkpoints import Checkpoints
from benchmark.runs.identity import ResolvedRun, Run, resolve
from benchmark.runs.model_spec import ModelSpec
from benchmark.runs.task_device import check_shards, task_device
from methods import load_method, method_names, method_source

Task = ModelSpec | ResolvedRun


@dataclass(frozen=True)
class Plan:
    """The work of a board, the most telling first and nothing before what it needs, and how much was done before."""

    tasks: list[Task]
    needs: dict[Task, set[Task]]  # of each task: those of the plan that must be done before it begins
    runs: int  # rows in all
    done: int  # rows whose records are there
    units: dict[Task, float]  # work of each task, in row-forwards
    failed: list[str] = field(default_factory=list)  # rows that failed while the plan was done, with their reasons


def board_runs(preset: Preset) -> list[list[Run]]:
    """Every row of the board in blocks, most telling first: seed by seed, split by split.

    A split's reference rows stand before its methods in the first seed's block.
    """
    blocks = []
    for seed in preset.seeds:
        for split in preset.splits:
            block = []
            if seed == preset.seeds[0]:
                block = [Run.of_model("finetuned", split, preset.finetuning_seed), Run.of_model("base", split)]
                if preset.scoring.sets != "validation":  # a choice of hyperparameters never looks at a retrained model
                    block += [Run.of_model("retrained", split, number) for number in preset.retrained_of(split)]
                    block += [Run.of_dose(share, split, preset.finetuning_seed) for share in preset.doses]
                    block += [Run.of_control(control, split) for control in preset.controls]
            blocks.append(block + [Run(method, split, seed) for method in preset.methods])
    return blocks


def check_preset(preset: Preset) -> None:
    """All that can be refused before anything is loaded or written: device, sources, splits, methods, controls, attacks.

    Raises:
        UserError: an unknown one, a setting for something that is none, or two names of one row; all at once.
    """
    check_shards(preset.launch, task_device(preset.launch))
    if preset.dataset.name == "tofu":
        check_source(preset.dataset.source)
    model = preset.model
    published = [model.finetuned, *(source for sources in model.retrained.values() for source in sources)]
    for source in (None if model.source == "tiny" else model.source, *published):
        if source is not None:
            locate(source)
    if preset.launch.models is not None and Path(preset.launch.models).is_file():
        raise UserError(f"launch.models = {preset.launch.models} is a file: name a folder")
    known = ", ".join(FORGET_PERCENT)
    problems = [f"unknown split {split!r}; there are {known}" for split in preset.splits if split not in FORGET_PERCENT]
    named = [(load_control, name) for name in preset.controls] + [(load_attack, name) for name in preset.attacks]
    for load, name in named:
        try:
            load(name)
        except UserError as error:
            problems.append(str(error))
    rows: dict[str, str] = {}  # a row's name, or what it is made of -> the method as it was asked for
    for method in preset.methods:
        try:
            name = method_source(method)[0]
            _refuse_taken(method, name)
            loaded = [load_method(method, split=split, **preset.fields_of(name)) for split in preset.splits]
            _refuse_twins(rows, method, name, repr([split_fields(name)[0], loaded, preset.training_of(name)]))
        except UserError as error:
            problems.append(str(error))
    chosen = {method_source(method)[0] for method in preset.methods if not problems}
    for name in preset.settings:
        if not problems and name not in chosen and name not in method_names():
            problems.append(f"[settings.{name}]: {unknown_name('method', name, {*chosen, *method_names()})}")
    if problems:
        raise UserError("\n".join(problems))


def _refuse_taken(method: str, name: str) -> None:
    """Raise UserError where a method's row has a name that means something else on a board."""
    bare, path = split_fields(name)[0], method_source(method)[1].path.resolve()
    if name in REFERENCE_ROWS:
        raise UserError(f"{name!r} is the name of a reference row; give the method another one")
    if bare in control_names():
        raise UserError(f"{method}: {bare!r} is the name of a control; give the method another one")
    if bare in method_names() and path != method_source(bare)[1].path.resolve():
        raise UserError(
            f"{method}: {bare!r} is a method already, whose settings it would take: rename the file, or name VARIANTS in it"
        )


def _refuse_twins(rows: dict[str, str], method: str, name: str, made_of: str) -> None:
    """Raise UserError where a method's row is there already: under its name, or under one that only writes it otherwise."""
    for known in (f"name {name}", *([f"settings {made_of}"] if "@" in name else [])):
        if known in rows:
            raise UserError(f"{rows[known]} and {method} are the same row: keep one")
        rows[known] = method


def plan_board(preset: Preset, folder: str | Path, further: Sequence[Run] = ()) -> Plan:
    """What has to be done for a board, given what is in its folder; ``further`` rows come last."""
    check_preset(preset)
    checkpoints = Checkpoints(preset, folder)
    needs: dict[Task, set[Task]] = {}  # in the order of the tasks
    total = done = 0
    for block in [*board_runs(preset), list(further)]:
        resolved = [resolve(run, checkpoints) for run in block]
        todo = [run for run in resolved if not is_done(run)]
        total, done = total + len(block), done + len(block) - len(todo)
        for run in todo:
            models = [spec for spec in run.models if _plan_model(spec, checkpoints, needs)]
            needs[run] = set(models)
    units = {task: _units(task, checkpoints) for task in needs}
    return Plan(list(needs), needs, total, done, units)


def is_done(run: ResolvedRun) -> bool:
    """Whether the run's record is there. Failed runs are tried again; damaged records are set aside."""
    path = run.record
    if not path.exists():
        return False
    try:
        record = load_record(path)
        if record.status == "ok" or scores_path(path).exists():
            load_scores(scores_path(path))
    except UserError as error:
        _set_aside(path, path.with_suffix(".damaged"))
        if scores_path(path).is_dir():  # a file is written over
            _set_aside(scores_path(path), path.with_suffix(".parquet.damaged"))
        print(f"{error}\nIt was set aside as {path.with_suffix('.damaged').name} and the run is done again.")
        return False
    return record.status != "failed"


def _set_aside(path: Path, name: Path) -> None:
    """Rename a file or folder, in the place of what was set aside under that name before."""
    if name.is_dir():
        shutil.rmtree(name)
    path.replace(name)


def _units(task: Task, checkpoints: Checkpoints) -> float:
    return checkpoints.units(task) if isinstance(task, ModelSpec) else task.training_work + task.scoring_work


def _plan_model(spec: ModelSpec, checkpoints: Checkpoints, needs: dict[Task, set[Task]]) -> bool:
    """Whether the plan makes the model; it and the models it is trained from are planned if they are not there."""
    if spec not in needs:
        if checkpoints.is_made(spec):
            return False
        parent = spec.parent
        above: set[Task] = {parent} if parent and _plan_model(parent, checkpoints, needs) else set()
        needs[spec] = above
    return True
