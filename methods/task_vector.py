"""Task vector: subtract the direction in weight space that learning the forget rows took.

Ilharco et al. 2022, arXiv 2212.04089: theta = theta_o - scale * (theta_aug - theta_o), with theta_aug
the reinforced model. No training. Buffers stay the fine-tuned model's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from methods.base import Batches, Method, Models

VARIANTS = {"task_vector": {}}


@dataclass(frozen=True)
class TaskVector(Method):
    paper: ClassVar[str] = "arXiv:2212.04089"
    needs: ClassVar[tuple[str, ...]] = ("reinforced",)
    trains: ClassVar[bool] = False
    weighs: ClassVar[str] = "scale"  # the paper chooses it by a search

    scale: float = 2.5  # lambda; the RKLD paper's choice on TOFU

    def unlearn(self, models: Models, steps: Callable[[], Iterator[Batches]]) -> dict[str, Tensor]:
        reinforced = dict(models.reinforced.named_parameters())
        return {
            name: (original - self.scale * (reinforced[name] - original)).detach()
            for name, original in models.reference.named_parameters()
        }
