"""Weights between the fine-tuned and the retrained model's: share x fine-tuned + (1 - share) x retrained.

A yardstick: how much a metric moves on the straight way from knowing to never having known.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import nn

from benchmark.common.errors import UserError
from benchmark.controls.base import Control, ControlSetup, Scored


@dataclass(frozen=True)
class Interpolated(Control):
    """``share``: the fine-tuned model's part, above 0 and below 1."""

    name: ClassVar[str] = "interpolated"
    version: ClassVar[int] = 1
    needs: ClassVar[tuple[str, ...]] = ("finetuned", "retrained")

    share: float = 0.5

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 < self.share < 1:
            raise UserError(f"share must be above 0 and below 1, not {self.share:g}: at 0 and 1 it is a row there is")

    def score(self, setup: ControlSetup) -> Scored:
        return Scored(setup.score_model(interpolated(setup.finetuned, setup.retrained_model, self.share)), {})


@torch.no_grad()
def interpolated(finetuned: nn.Module, retrained: nn.Module, share: float) -> nn.Module:
    """A new model with share x finetuned + (1 - share) x retrained, summed in float32; buffers are the fine-tuned one's.

    Raises:
        UserError: the two have not the same parameters.
    """
    made = copy.deepcopy(finetuned)
    ours, theirs = dict(made.named_parameters()), dict(retrained.named_parameters())
    shapes = [{name: p.shape for name, p in model.items()} for model in (ours, theirs)]
    if shapes[0] != shapes[1]:
        raise UserError("the fine-tuned and the retrained model have not the same parameters: train both from one base")
    for name, parameter in ours.items():
        other = theirs[name].to(parameter.device).float()
        parameter.copy_(share * parameter.float() + (1 - share) * other)
    return made
