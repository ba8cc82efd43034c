"""The tasks of a board and the work of each: models that are trained, methods, scoring, attacks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

from benchmark.attacks.base import Attack
from benchmark.config.recipe import Recipe
from benchmark.config.schema import Preset
from benchmark.costs.texts import Rows, Texts
from benchmark.costs.work import BACKWARD, Work, decoding, forced, gold_reading, training
from benchmark.runs.identity import OF_A_SPLIT, Run, attacks_of
from benchmark.runs.plan import board_runs
from benchmark.runs.sweep import swept_methods
from methods import load_method, method_source
from methods.base import Method

FROZEN = ("reinforced", "base", "forget_only", "retain_only")  # whom ``prepare`` reads once, as it reads the reference
GREEDY_KNOWN = 0.5  # share of an answer's tokens that scoring has shown already, where models know some and not others


@dataclass(frozen=True)
class Task:
    """A piece of a board. ``phases``: "training", "unlearning", "scoring" or "attacks" -> its work."""

    label: str
    phases: dict[str, Work]
    method: Method | None = None
    recipe: Recipe | None = None


def board_tasks(preset: Preset, texts: Texts, layers: int) -> list[Task]:
    """All that a preset's board has to do in an empty folder."""
    runs = [run for block in board_runs(preset) for run in block]
    methods = {
        (run.method, run.split): load_method(run.method, split=run.split, **preset.fields_of(run.name))
        for run in runs
        if run.role == "method"
    }
    needed = {(need, split) for (_, split), method in methods.items() for need in method.required()}
    tasks = _models(preset, texts, needed)
    for run in runs:
        method = methods.get((run.method, run.split))
        phases = {"scoring": _scoring(preset, texts, run)}
        recipe = None
        if method is not None:
            recipe = preset.training_of(run.name)
            phases = {"unlearning": unlearning(method, recipe, texts.forget[run.split])} | phases
        attacks = attacks_of(run, preset)
        if attacks:
            phases["attacks"] = sum((attack_work(a, preset, texts, run.split, layers) for a in attacks), Work())
        tasks.append(Task(run.label, phases, method, recipe))
    return tasks


def unlearning(method: Method, recipe: Recipe, forget: Rows) -> Work:
    """A method's steps, by the passes that it declares, and its single pass over the frozen models before them."""
    own, frozen, sampled = passes(method)
    kind = "lora" if recipe.lora or method.adapters() else "checkpointed" if recipe.gradient_checkpointing else "plain"
    made = gold_reading(forget, float(sum(need in FROZEN for need in method.required()) + bool(method.trains)))
    if "alternatives" in method.required():
        made += decoding(forget, method.alternatives)
    if not method.trains:
        return made
    made += training(forget, recipe.epochs, recipe.batch_size, own, BACKWARD[kind])
    made += gold_reading(forget, frozen * recipe.epochs)
    steps = recipe.epochs * max(1.0, forget.rows / recipe.batch_size)
    return made + decoding(forget.share(recipe.epochs), sampled, steps * 2 * forget.answer if sampled else 0.0)


def passes(method: Method) -> tuple[float, float, float]:
    """Of the forward passes of a step: those that are trained on, the live reference's, and sampled answers.

    A method declares their sum. A retain term by KL has one pass of the reference's; of what a method adds itself and reads the
    reference with, half is the reference's. What a method that samples adds counts as sampled.
    """
    if not method.trains:
        return 0.0, 0.0, 0.0
    total, retain = method.forwards(), getattr(method, "retain", "none")
    frozen = float(retain == "kl")
    if "samples" in method.required():
        own = 1.0 + (retain != "none")
        return own, frozen, total - own - frozen
    if "reference" in method.needs:
        frozen += method.extra_forwards / 2
    return total - frozen, frozen, 0.0


def attack_work(attack: Attack, preset: Preset, texts: Texts, split: str, layers: int) -> Work:
    """What an attack reads, trains on and writes; one that is not known here counts as one reading of the forget rows."""
    forget, own = texts.forget[split], cast(Any, attack)  # an attack's fields are its file's
    if attack.name == "relearn":
        trained_on, left = forget.share(own.share), forget.share(1 - own.share)
        recipe = preset.finetuning
        each = min(trained_on.rows, recipe.batch_size)
        looks = own.steps.bit_length()
        made = training(trained_on.share(1 / trained_on.rows), own.steps * each, 1)
        made = Work(trained=made.trained, trained_heads=made.trained_heads, optimizer_steps=own.steps)
        return made + gold_reading(left, looks) + forced(left)
    if attack.name == "depth":
        return gold_reading(forget, layers + 2)
    if attack.name == "ask":
        kinds = [*texts.probes.values(), forget]
        return sum((forced(rows.first(own.rows)) for rows in kinds), Work())
    if attack.name == "sample":
        return decoding(forget, own.samples, preset.scoring.max_new_tokens)
    return forced(forget)


def _models(preset: Preset, texts: Texts, needed: set[tuple[str, str]]) -> list[Task]:
    choice, made = preset.model, []
    facts = texts.facts if choice.rehearse_facts else Rows()

    def add(label: str, recipe: Recipe, *sets: Rows) -> None:
        kind = "lora" if recipe.lora else "checkpointed" if recipe.gradient_checkpointing else "plain"
        parts = (training(rows, recipe.epochs, recipe.batch_size, 1, BACKWARD[kind]) for rows in sets)
        made.append(Task(label, {"training": sum(parts, Work())}, None, recipe))

    if choice.source == "tiny":
        add("base", preset.pretraining, texts.pretraining, texts.facts)
    if choice.finetuned is None:
        add("finetuned", preset.finetuning, texts.full, facts)
    for split in preset.splits:
        forget = texts.forget[split]
        retained = texts.full.share(max(0.0, 1 - forget.rows / texts.full.rows))
        if not choice.retrained.get(split):
            for seed in preset.retrained_seeds:
                add(f"retrained {split} seed {seed}", preset.finetuning, retained, facts)
        for share in preset.doses:
            add(f"dose {share:g} {split}", preset.finetuning, retained, forget.share(share), facts)
        for kind in OF_A_SPLIT:
            if (kind, split) in needed:
                add(f"{kind} {split}", preset.reinforcement if kind == "reinforced" else preset.finetuning, forget)
    return made


def _scoring(preset: Preset, texts: Texts, run: Run) -> Work:
    limit, total = preset.scoring.limit, Work()
    if run.name == "refuse_all":  # its answers are known without a model
        return total
    for name, rows in (texts.scored | {"forget": texts.forget[run.split]}).items():
        some = rows.first(limit)
        total += forced(some)
        if name != "holdout":
            total += decoding(some, GREEDY_KNOWN, 0.0)
    return total + Work(decoding_steps=preset.scoring.max_new_tokens)


def sweep_tasks(preset: Preset, texts: Texts) -> list[Task]:
    """The trials that a sweep makes before the board, on its largest split, each scored on the validation rows."""
    split, tasks = max(preset.splits), []
    for name in swept_methods(preset):
        own = method_source(name)[0]
        method = load_method(name, split=split, **preset.fields_of(own))
        recipe, forget = preset.training_of(own), texts.forget[split].share(0.5)
        scored = sum((forced(rows.first(preset.sweep.limit)) for rows in (forget, texts.scored["retain"])), Work())
        made = unlearning(method, recipe, texts.forget[split])
        trials = float(preset.sweep.trials)
        phases = {"trials": (made + scored).times(trials)}
        tasks.append(Task(f"trials of {own}", phases, method, recipe))
    return tasks
