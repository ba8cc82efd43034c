"""The course of unlearning: a few cheap metrics along the way, for looking at and never for choosing.

Every ``scoring.every`` epochs what would be deployed reads the forget rows' answers and the retained rows' gold ones, with
no question asked. The trained weights are the same to the last bit with and without (benchmark/training/looks.py).
"""

from __future__ import annotations

from collections.abc import Callable

from torch import nn

import metrics
from benchmark.config.recipe import Recipe
from benchmark.config.schema import Preset
from benchmark.data.types import Example, gold_alone
from benchmark.evaluation.evaluate import score_model
from benchmark.runs.checkpoints import Checkpoints
from benchmark.training.looks import Looks, look_epochs
from methods.base import Method

COLUMNS = ("forget_probability", "forget_truth_ratio", "retain_probability")
METRICS = ("probability", "truth_ratio")  # that give them

Course = dict[str, list[float | None]]  # "epoch", "step" and COLUMNS, a value a look


def looked_at(preset: Preset, method: Method) -> bool:
    """Whether a run of the method leaves a course; one in closed form has none."""
    return preset.scoring.every is not None and method.trains


def course_sets(checkpoints: Checkpoints, split: str) -> dict[str, tuple[Example, ...]]:
    """What a look reads: the board's forget rows, and of its retained rows the gold answers alone."""
    sets, limit = checkpoints.dataset.evaluation(split), checkpoints.preset.scoring.limit
    return {"forget": tuple(sets["forget"][:limit]), "retain": gold_alone(sets["retain"][:limit])}


def looks_work(split: str, recipe: Recipe, checkpoints: Checkpoints) -> float:
    """Of all looks of a run, in row-forwards, for the progress bar."""
    rows = [row for part in course_sets(checkpoints, split).values() for row in part]
    answers = sum(1 + bool(row.paraphrased_answer) + len(row.perturbed_answers) for row in rows)
    return float(answers * len(look_epochs(checkpoints.preset.scoring.every, recipe.epochs)))


def looks_into(
    course: Course, split: str, checkpoints: Checkpoints, deployed: Callable[[nn.Module], nn.Module]
) -> Looks:
    """Looks that write into ``course``.

    Args:
        deployed: the trained model -> what would be scored if training ended here.
    """
    sets = course_sets(checkpoints, split)
    course |= {name: [] for name in ("epoch", "step", *COLUMNS)}

    def see(model: nn.Module, epochs: int, steps: int) -> None:
        scores = score_model(
            deployed(model), checkpoints.prompt_tokenizer, sets, generated=False, device=checkpoints.device
        )
        measured = metrics.measure_all(scores, names=METRICS)
        course["epoch"].append(epochs)
        course["step"].append(steps)
        for column in COLUMNS:
            course[column].append(measured[column].value)

    return Looks(checkpoints.preset.scoring.every or 1, see)
