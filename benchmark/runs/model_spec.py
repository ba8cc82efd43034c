"""Which models a board has, and what each is trained from: its parent, the rows, the recipe and the seed.

base ─► finetuned ─► reinforced (further on the forget rows; a teacher)
   ├──► retrained (without the forget rows)
   ├──► dose (with a share of the forget rows)
   ├──► pool (with all or none of the forget rows, by a recipe that is varied) ─► pool, pushed (rounded or relearned)
   └──► forget_only, retain_only (on the forget rows alone, and on as many retained ones: directions for task arithmetic)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from benchmark.config.recipe import Recipe
from benchmark.config.schema import Preset
from benchmark.data.doses import dose_rows
from benchmark.data.types import Dataset, Example
from benchmark.runs.variation import Variation


@dataclass(frozen=True)
class ModelSpec:
    """Which model of a board. ``split`` and ``seed`` matter for retrained and dose ones, ``split`` for those after them."""

    kind: str  # base, finetuned, retrained, dose, pool, reinforced, forget_only or retain_only
    split: str = ""
    seed: int = 0
    share: float = 0.0  # of the forget rows, in a dose or a pool
    variation: Variation = Variation()  # in a pool

    @property
    def label(self) -> str:
        parts = [
            self.kind,
            *([self.split] if self.split else []),
            *([f"{self.share:g}"] if self.kind in ("dose", "pool") else []),
            *([f"seed{self.seed}"] if self.kind in ("retrained", "dose", "pool") else []),
            *([self.variation.pushed] if self.variation.pushed else []),
        ]
        return "-".join(parts)

    @property
    def parent(self) -> ModelSpec | None:
        """The model that this one is trained from."""
        if self.kind == "base":
            return None
        if self.variation.pushed:
            return replace(self, variation=replace(self.variation, pushed=""))
        return ModelSpec("finetuned" if self.kind == "reinforced" else "base")


def training_of(spec: ModelSpec, dataset: Dataset, preset: Preset) -> tuple[Sequence[Example], Recipe, int]:
    """The rows, the recipe and the seed that make the model from its parent."""
    facts = (*dataset.real_authors, *dataset.world_facts)
    if spec.kind == "base":  # the tiny one also learns the general facts: unlearning must not touch them
        return (*dataset.pretraining, *facts), preset.pretraining, preset.model.tiny.seed
    rehearsed = facts if preset.model.rehearse_facts else ()
    if spec.kind == "finetuned":
        return (*dataset.full, *rehearsed), preset.finetuning, preset.finetuning_seed
    split, seed = dataset.splits[spec.split], preset.finetuning_seed
    if spec.kind == "retrained":
        return (*split.retain, *rehearsed), preset.finetuning, spec.seed
    if spec.variation.pushed:
        return *spec.variation.further(split.forget, preset.finetuning), spec.seed
    if spec.kind in ("dose", "pool"):
        left = dose_rows(split.forget, spec.share) if spec.share else ()
        rows = (*split.retain, *spec.variation.rows(left), *rehearsed)
        return rows, spec.variation.recipe(preset.finetuning), spec.seed
    if spec.kind == "retain_only":  # as many rows as there are to forget
        order = np.random.default_rng([seed, len(split.retain)]).permutation(len(split.retain))
        return [split.retain[i] for i in sorted(order[: len(split.forget)])], preset.finetuning, seed
    return split.forget, preset.finetuning if spec.kind == "forget_only" else preset.reinforcement, seed
