"""How a model's making differs from the preset's recipe: pools of models that differ in it say what a number depends on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from benchmark.config.recipe import Recipe
from benchmark.data.types import Example


@dataclass(frozen=True)
class Variation:
    """Factors on a training recipe, and whether the forget rows are learnt in other words. By default nothing differs."""

    lr: float = 1.0
    epochs: float = 1.0
    paraphrased: bool = False

    def recipe(self, recipe: Recipe) -> Recipe:
        """The recipe with its learning rate and epochs multiplied; epochs rounded, at least one where there were any."""
        epochs = max(min(recipe.epochs, 1), round(recipe.epochs * self.epochs))
        return recipe.model_copy(update={"lr": recipe.lr * self.lr, "epochs": epochs})

    def rows(self, rows: Sequence[Example]) -> tuple[Example, ...]:
        """The rows to learn; those without a paraphrased answer keep their own words."""
        if not self.paraphrased:
            return tuple(rows)
        return tuple(replace(row, answer=row.paraphrased_answer or row.answer) for row in rows)
