"""Teacher: RKLD's teacher used directly as the model, without training.

Wang et al. 2024, arXiv 2406.01983 (ablation): at every position of every text the model answers with

    l_t = l_o - alpha * relu(l_aug - l_o)                                   (original o, reinforced aug)

The weights stay those of the fine-tuned model; what is scored combines it with the reinforced one, so
it costs two forward passes a token. It shows how much of RKLD's result is the teacher's and how much comes
from distilling it into weights.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import ClassVar

from torch import nn

from methods.base import NOT_NEGATIVE, Combined, Method, Models
from methods.rkld import teacher_logits

VARIANTS = {"teacher": {}}


@dataclass(frozen=True)
class Teacher(Method):
    paper: ClassVar[str] = "arXiv:2406.01983"
    needs: ClassVar[tuple[str, ...]] = ("reinforced",)
    trains: ClassVar[bool] = False
    weighs: ClassVar[str] = "alpha"  # as for RKLD
    ranges: ClassVar[dict[str, tuple[float, float]]] = {"alpha": NOT_NEGATIVE}

    alpha: float = 8.0  # as for RKLD: 8 on TOFU

    def deploy(self, model: nn.Module, models: Models) -> nn.Module:
        return Combined(model, models.reinforced, partial(teacher_logits, alpha=self.alpha))
