"""MSA (model state arithmetic): take away what learning the forget rows from scratch added, and add what retained rows do.

arXiv 2506.20941 (ICLR 2026), with theta_0 the model before fine-tuning and theta_D the fine-tuned one:

    theta = theta_D - alpha * (theta_1 - theta_0) + beta * (theta_2 - theta_0)

theta_1 is theta_0 fine-tuned on the forget rows, theta_2 on as many retain rows, both with the fine-tuned model's
recipe. No training of theta_D. With theta_D in the place of theta_0 and beta = 0 it is the task vector
(task_vector.py); the difference is that the direction comes from a model that never saw the rows. Checked against the
authors' code (mehrdadsaberi/MSA_unlearning@906bdd4). Buffers stay the fine-tuned model's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from methods.base import Batches, Method, Models

VARIANTS = {"msa": {}}


@dataclass(frozen=True)
class MSA(Method):
    paper: ClassVar[str] = "arXiv:2506.20941"
    needs: ClassVar[tuple[str, ...]] = ("base", "forget_only", "retain_only")
    trains: ClassVar[bool] = False
    weighs: ClassVar[str] = "alpha"

    alpha: float = 1.0  # of the forget vector; the authors' script on TOFU tries 1, 1.5 and 2
    beta: float = 1.0  # of the retain vector; the authors' script on TOFU

    def required(self) -> tuple[str, ...]:
        return self.needs if self.beta else tuple(name for name in self.needs if name != "retain_only")

    def unlearn(self, models: Models, steps: Callable[[], Iterator[Batches]]) -> dict[str, Tensor]:
        base = dict(models.base.named_parameters())
        new = {name: tuned.detach().clone() for name, tuned in models.reference.named_parameters()}
        for name, learned in models.forget_only.named_parameters():
            new[name] -= self.alpha * (learned - base[name]).detach()
        if self.beta:
            for name, learned in models.retain_only.named_parameters():
                new[name] += self.beta * (learned - base[name]).detach()
        return new
