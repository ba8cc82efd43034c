"""How a model's making differs from the preset's recipe: pools of models that differ in it say what a number depends on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from torch import nn

from benchmark.attacks.base import rounded_copy
from benchmark.attacks.nf4 import round_blocks
from benchmark.config.recipe import Recipe
from benchmark.data.types import Example

Pushed = Literal["", "rounded", "relearned"]
ROUNDED: Pushed = "rounded"
RELEARNED: Pushed = "relearned"


@dataclass(frozen=True)
class Variation:
    """Factors on a training recipe, whether the forget rows are learnt in other words, and what is done to the finished model.

    By default nothing differs. ``pushed``: its weights rounded to 4 bits, or an epoch of all forget rows more.
    """

    lr: float = 1.0
    epochs: float = 1.0
    paraphrased: bool = False
    pushed: Pushed = ""

    def recipe(self, recipe: Recipe) -> Recipe:
        """The recipe with its learning rate and epochs multiplied; epochs rounded, at least one where there were any."""
        epochs = max(min(recipe.epochs, 1), round(recipe.epochs * self.epochs))
        return recipe.model_copy(update={"lr": recipe.lr * self.lr, "epochs": epochs})

    def rows(self, rows: Sequence[Example]) -> tuple[Example, ...]:
        """The rows to learn; those without a paraphrased answer keep their own words."""
        if not self.paraphrased:
            return tuple(rows)
        return tuple(replace(row, answer=row.paraphrased_answer or row.answer) for row in rows)

    def further(self, forget: Sequence[Example], recipe: Recipe) -> tuple[tuple[Example, ...], Recipe]:
        """What the finished model is trained on when it is pushed: the forget rows for one epoch, without a warm-up; or nothing."""
        relearned = self.pushed == RELEARNED
        changes = {"epochs": int(relearned), "warmup_epochs": 0.0, "lora": None}
        return (tuple(forget) if relearned else ()), recipe.model_copy(update=changes)

    def rounds(self, model: nn.Module) -> nn.Module:
        """The model, in 4 bits (NF4, as the attack of that name) where that is how it is pushed."""
        return rounded_copy(model, round_blocks) if self.pushed == ROUNDED else model
