"""Relearning: a few steps of fine-tuning on some of the forget rows, or on retained ones, and the other forget rows again.

``relearn`` trains on a fifth of the forget rows, the same share of every author's, and is scored on those that it has not
trained on (Hu et al. 2024, arXiv 2406.13356; a fifth as in the proposals of 2025). ``relearn@rows=retain`` trains on as many retained rows
that no board reports, ``relearn@rows=same_form`` on those of them whose questions have the form of questions that are scored: what comes
back then was only hidden (benign relearning, arXiv 2602.03379). AdamW with the learning rate and batches that the board's models
were fine-tuned with, no warm-up, linear decay. The retrained and the base model are attacked alike: without them
relearning cannot be told from learning.

On the way, after 1, 2, 4, 8, ... steps and the last, the gold answers alone are scored: sets "step4@relearn_forget".
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

from torch import nn

from benchmark.attacks.base import Attack, AttackSetup
from benchmark.common.errors import UserError
from benchmark.data.doses import dose_rows
from benchmark.data.similar_questions import most_similar
from benchmark.data.types import Example, gold_alone, question_answer_pairs
from benchmark.evaluation.scores import SetScores
from benchmark.training.finetune import finetune
from methods.base.fields import AT_LEAST_ONE, Limits

SEED = 0


@dataclass(frozen=True)
class Relearn(Attack):
    rows: Literal["forget", "retain", "same_form"] = "forget"
    steps: int = 16
    share: float = 0.2  # of the forget rows

    name = "relearn"
    version = 1
    trains = True
    ranges: ClassVar[dict[str, Limits]] = {"steps": AT_LEAST_ONE}

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 < self.share < 1:
            raise UserError(f"share must be above 0 and below 1, not {self.share!r}")

    @property
    def label(self) -> str:
        """ "relearn_forget", with the settings that are not the usual ones."""
        usual = Relearn()
        changed = [
            f"{name}{own:g}" for name in ("steps", "share") if (own := getattr(self, name)) != getattr(usual, name)
        ]
        return "-".join([f"relearn_{self.rows}", *changed])

    def attack(self, setup: AttackSetup) -> dict[str, SetScores]:
        some = dose_rows(setup.dataset.splits[setup.split].forget, self.share)
        left = [row for row in setup.sets["forget"] if row not in set(some)]  # the same rows whichever are trained on
        if not left:
            raise UserError("no forget row is left to be scored")
        trained_on = self._rows(setup, some, left)
        if not trained_on:
            raise UserError("no retained row is left that the board does not report")
        model, curve, steps = self._trained(setup, trained_on, setup.gold_scorer(left))
        end = setup.forced(model, {"forget": left})["forget"]
        last = dict(zip(question_answer_pairs(left), end.answers, strict=True))
        curve[steps] = SetScores.of_examples(gold_alone(left), last, {})
        return {"forget": end} | {f"step{step}": rows for step, rows in curve.items()}

    def _rows(self, setup: AttackSetup, some: Sequence[Example], left: Sequence[Example]) -> tuple[Example, ...]:
        """What is trained on: ``some`` of the forget rows, or as many retained ones that no board reports."""
        if self.rows == "forget":
            return tuple(some)
        reported = {row.author for row in setup.dataset.retain_evaluation}
        rows = tuple(row for row in setup.dataset.splits[setup.split].retain if row.author not in reported)
        if not rows or self.rows == "retain":
            return dose_rows(rows, min(1.0, len(some) / len(rows))) if rows else ()
        targets = dose_rows(left, min(1.0, len(some) / len(left)))
        return most_similar(targets, rows, setup.dataset.full)

    def _trained(
        self, setup: AttackSetup, rows: Sequence[Example], score: Callable[[nn.Module], SetScores]
    ) -> tuple[nn.Module, dict[int, SetScores], int]:
        """The model after training on the rows, its scores on the way by step, and how many steps there were."""
        model = copy.deepcopy(setup.model).requires_grad_(True)
        an_epoch = math.ceil(len(rows) / setup.recipe.batch_size)
        changes = {"epochs": math.ceil(self.steps / an_epoch), "warmup_epochs": 0.0, "lora": None}
        recipe = setup.recipe.model_copy(update=changes)
        curve: dict[int, SetScores] = {}

        def on_step(step: int, total: int) -> None:
            if step.bit_count() == 1 and step < total:  # a power of two
                model.eval()
                curve[step] = score(model)
                model.train()

        outcome = finetune(model, setup.prompt_tokenizer, rows, recipe, seed=SEED, device=setup.device, on_step=on_step)
        if outcome.diverged_at is not None:
            raise RuntimeError(f"relearning broke at step {outcome.diverged_at}: {outcome.reason}")
        return model.requires_grad_(False).eval(), curve, outcome.steps
