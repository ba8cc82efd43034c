"""What a run is: everything that decides it, worked out once by the plan and handed on."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from benchmark.attacks import load_attack
from benchmark.attacks.base import Attack
from benchmark.common.files import content_key
from benchmark.common.progress import GENERATION_COST, TRAINING_COST
from benchmark.config.recipe import Recipe
from benchmark.config.schema import Preset
from benchmark.controls import load_control
from benchmark.controls.base import Control
from benchmark.data.types import Example
from benchmark.records.record import Role, record_path
from benchmark.runs.checkpoints import PIPELINE, Checkpoints
from benchmark.runs.course import looked_at, looks_work
from benchmark.runs.model_spec import ModelSpec
from methods import load_method, method_source, source_hashes
from methods.base import Method

FINETUNED = ModelSpec("finetuned")
OF_A_SPLIT = ("reinforced", "forget_only", "retain_only")  # models that some methods read, made for each split


@dataclass(frozen=True)
class Run:
    """One row of a board as it is asked for: a method, one of REFERENCE_ROWS, a dose or another control; a split, a seed."""

    method: str
    split: str
    seed: int = 0
    role: Role = "method"
    dose: float | None = None  # share of the forget rows, of a dose model
    model: ModelSpec | None = None  # the one that is scored, of a pool

    @classmethod
    def of_model(cls, kind: str, split: str, seed: int = 0) -> Run:
        """The row of one of the board's own models, scored as it is."""
        return cls(kind, split, seed, "model")

    @classmethod
    def of_dose(cls, share: float, split: str, seed: int = 0) -> Run:
        """The row of a model trained with that share of the forget rows."""
        return cls(f"dose-{share:g}", split, seed, "control", share)

    @classmethod
    def of_pool(cls, pool: str, model: ModelSpec) -> Run:
        """The row of a model of a pool, scored as it is."""
        return cls(pool, model.split, model.seed, "model", model=model)

    @classmethod
    def of_control(cls, control: str, split: str) -> Run:
        """The row of a control of benchmark/controls, "interpolated@share=0.25", say."""
        return cls(control, split, 0, "control")

    @property
    def label(self) -> str:
        return f"{self.name} {self.split} seed {self.seed}"

    @property
    def is_model(self) -> bool:
        """Whether the row is one of the board's own models, scored as it is."""
        return self.role == "model" or self.dose is not None

    @cached_property
    def name(self) -> str:
        """The method's name, also where it is given by its file's path; a control's with its settings."""
        if self.role == "control" and not self.is_model:
            return load_control(self.method).label
        return self.method if self.is_model else method_source(self.method)[0]


@dataclass(frozen=True)
class ResolvedRun:
    """A run with all that decides its numbers. Equal keys, equal numbers.

    Attributes:
        method: None, as ``recipe``, for the board's own models and for controls.
        start: the model that is scored, or that unlearning starts from.
        models: the trained models that the run reads; of the base model the others need the tokenizer alone.
        config: everything that was set.
        training_work, scoring_work: in row-forwards, for the progress bar.
    """

    run: Run
    key: str
    record: Path = field(compare=False)
    method: Method | None = field(compare=False)
    recipe: Recipe | None = field(compare=False)
    control: Control | None = field(compare=False)
    attacks: tuple[Attack, ...] = field(compare=False)
    start: ModelSpec = field(compare=False)
    models: tuple[ModelSpec, ...] = field(compare=False)
    config: dict[str, Any] = field(compare=False)
    training_work: float = field(compare=False)
    scoring_work: float = field(compare=False)

    @property
    def label(self) -> str:
        return self.run.label

    @property
    def attacks_read(self) -> tuple[ModelSpec, ...]:
        """The models that its attacks read beside the one that they push."""
        return attacks_read(self.attacks)

    @property
    def in_memory(self) -> list[ModelSpec]:
        """The models that the run has in memory."""
        reads_base = self.run.method == "base" or (self.method is not None and "base" in self.method.required())
        return [spec for spec in self.models if spec.kind != "base" or reads_base]


def resolve(run: Run, checkpoints: Checkpoints) -> ResolvedRun:
    """Everything that decides a run.

    Raises:
        UserError: an unknown method, a setting that it does not have, or data that are not there.
    """
    preset, dataset = checkpoints.preset, checkpoints.dataset
    is_method = run.role == "method"
    method = load_method(run.method, split=run.split, **preset.fields_of(run.name)) if is_method else None
    recipe = preset.training_of(run.name) if is_method else None
    control = load_control(run.method) if run.role == "control" and not run.is_model else None
    start = _start(run)
    models = [ModelSpec("base"), start]
    if control is not None and "retrained" in control.needs:
        models.append(ModelSpec("retrained", run.split, preset.retrained_of(run.split)[0]))
    if method is not None:
        models += [ModelSpec(kind, run.split) for kind in OF_A_SPLIT if kind in method.required()]
    attacks = attacks_of(run, preset)
    models += attacks_read(attacks)
    config = _config(checkpoints, run.name, method, recipe)
    if run.model is not None:
        config["variation"] = dataclasses.asdict(run.model.variation)
    parts: dict[str, Any] = {
        "pipeline": PIPELINE,
        "run": [run.name, run.split, run.seed],
        "models": [checkpoints.key(spec) for spec in models],
        "dataset": dataset.identity,
        "prompt": preset.model.prompt,
        "scoring": preset.scoring.model_dump(),
        **checkpoints.arithmetic,
    }
    if method is not None:
        parts |= {"config": config, "source": source_hashes(method)}
        if looked_at(preset, method):  # no number of the run depends on it, but its record must be made anew
            parts["every"] = preset.scoring.every
    if attacks:
        parts["attacks"] = [[attack.name, attack.version, dataclasses.asdict(attack)] for attack in attacks]
        parts["attacks"] += [preset.finetuning.model_dump()] if any(attack.trains for attack in attacks) else []
    if control is not None:
        parts["control"] = [control.name, control.version, dataclasses.asdict(control)]
    key = content_key(parts)
    training_work = 0.0
    if method is not None and recipe is not None:
        training_work = len(dataset.splits[run.split].forget) * recipe.epochs * method.forwards() * TRAINING_COST
        if looked_at(preset, method):
            training_work += looks_work(run.split, recipe, checkpoints)
    return ResolvedRun(
        run=run,
        key=key,
        record=record_path(checkpoints.folder, run.name, key),
        method=method,
        recipe=recipe,
        control=control,
        attacks=attacks,
        start=start,
        models=tuple(dict.fromkeys(models)),
        config=config,
        training_work=training_work,
        scoring_work=_scoring_work(evaluation_sets(checkpoints, run.split)),
    )


def evaluation_sets(checkpoints: Checkpoints, split: str) -> dict[str, tuple[Example, ...]]:
    """The rows that are scored, by set."""
    scoring, dataset = checkpoints.preset.scoring, checkpoints.dataset
    sets = {}
    if scoring.sets != "evaluation":
        sets |= dataset.validation(split)
    if scoring.sets != "validation":
        sets |= dataset.evaluation(split)
    return {name: rows[: scoring.limit] for name, rows in sets.items()}


def attacks_of(run: Run, preset: Preset) -> tuple[Attack, ...]:
    """What a run's model is pushed with: nothing where only validation rows are read, and for controls that have no model."""
    scores_alone = run.role == "control" and not run.is_model
    if scores_alone or preset.scoring.sets == "validation":
        return ()
    return tuple(load_attack(name) for name in preset.attacks)


def attacks_read(attacks: Sequence[Attack]) -> tuple[ModelSpec, ...]:
    """The models that such attacks read beside the one that they push."""
    return (FINETUNED,) if any("finetuned" in attack.needs for attack in attacks) else ()


def _start(run: Run) -> ModelSpec:
    if run.model is not None:
        return run.model
    if run.dose is not None:
        return ModelSpec("dose", run.split, run.seed, run.dose)
    if run.role == "model" and run.method == "retrained":
        return ModelSpec("retrained", run.split, run.seed)
    return ModelSpec("base" if run.method == "base" else "finetuned")


def _config(checkpoints: Checkpoints, name: str, method: Method | None, recipe: Recipe | None) -> dict[str, Any]:
    preset = checkpoints.preset
    config: dict[str, Any] = {
        "dataset": preset.dataset.model_dump(),
        "model": preset.model.model_dump(),
        "pretraining": preset.pretraining.model_dump(),
        "finetuning": preset.finetuning.model_dump(),
        "finetuning_seed": preset.finetuning_seed,
        "dtype": preset.dtype,
        "scoring": preset.scoring.model_dump(),
    }
    if method is not None and recipe is not None:
        config |= {"method": dataclasses.asdict(method), "training": recipe.model_dump()}  # type: ignore[call-overload]
        if tuning := preset.tuning_of(name):
            config["tuning"] = tuning.model_dump(exclude={"start"})  # which changes nothing of the run
        if "reinforced" in method.required():
            config["reinforcement"] = preset.reinforcement.model_dump()
    return config


def _scoring_work(sets: dict[str, tuple[Example, ...]]) -> float:
    rows = [row for part in sets.values() for row in part]
    return sum(1 + bool(r.paraphrased_answer) + len(r.perturbed_answers) + GENERATION_COST for r in rows)
