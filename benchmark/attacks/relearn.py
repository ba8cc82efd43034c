"""Relearning: a few steps of fine-tuning on some of the forget rows, or on as many retained ones, and the other forget rows again.

``relearn`` trains on a fifth of the forget rows, the same share of every author's, and is scored on those that it has not
trained on (Hu et al. 2024, arXiv 2406.13356; a fifth as in the proposals of 2025); ``relearn@rows=retain`` trains on retained rows that no
board reports: what comes back then was only hidden (benign relearning, arXiv 2602.03379). AdamW with the learning rate and batches
that the board's models were fine-tuned with, no warm-up, linear decay. The retrained and the base model are attacked
alike: without them relearning cannot be told from learning.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

from torch import nn

from benchmark.attacks.base import Attack, AttackSetup
from benchmark.common.errors import UserError
from benchmark.data.doses import dose_rows
from benchmark.data.types import Example
from benchmark.evaluation.scores import SetScores
from benchmark.training.finetune import finetune
from methods.base.fields import AT_LEAST_ONE, Limits

SEED = 0


@dataclass(frozen=True)
class Relearn(Attack):
    rows: Literal["forget", "retain"] = "forget"
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
        trained_on = some if self.rows == "forget" else _as_many_retained(setup, len(some))
        if not trained_on:
            raise UserError("no retained row is left that the board does not report")
        model = self._trained(setup, trained_on)
        left = [row for row in setup.sets["forget"] if row not in set(some)]  # the same rows whichever were trained on
        if not left:
            raise UserError("no forget row is left to be scored")
        return setup.forced(model, {"forget": left})

    def _trained(self, setup: AttackSetup, rows: Sequence[Example]) -> nn.Module:
        model = copy.deepcopy(setup.model).requires_grad_(True)
        an_epoch = math.ceil(len(rows) / setup.recipe.batch_size)
        changes = {"epochs": math.ceil(self.steps / an_epoch), "warmup_epochs": 0.0, "lora": None}
        recipe = setup.recipe.model_copy(update=changes)
        outcome = finetune(model, setup.prompt_tokenizer, rows, recipe, seed=SEED, device=setup.device)
        if outcome.diverged_at is not None:
            raise RuntimeError(f"relearning broke at step {outcome.diverged_at}: {outcome.reason}")
        return model.requires_grad_(False).eval()


def _as_many_retained(setup: AttackSetup, count: int) -> tuple[Example, ...]:
    """Retained rows that no board reports, spread evenly over authors."""
    reported = {row.author for row in setup.dataset.retain_evaluation}
    rows = [row for row in setup.dataset.splits[setup.split].retain if row.author not in reported]
    return dose_rows(rows, min(1.0, count / len(rows))) if rows else ()
