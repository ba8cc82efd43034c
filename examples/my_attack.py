"""Noise on every weight: the same for all models, a share of each matrix's own spread.

A model that has forgotten stays where it is; one whose forgetting hangs on a few small changes does not.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import ClassVar

import torch

from benchmark.attacks.base import Attack, AttackSetup
from benchmark.evaluation.scores import SetScores


@dataclass(frozen=True)
class MyAttack(Attack):
    share: float = 0.1  # of the weights' standard deviation
    name: ClassVar[str] = "my_attack"  # the file's
    version: ClassVar[int] = 1  # raised when the same model would get other scores

    def attack(self, setup: AttackSetup) -> dict[str, SetScores]:
        noisy, draws = copy.deepcopy(setup.model), torch.Generator().manual_seed(0)
        with torch.no_grad():
            for weight in noisy.parameters():
                noise = torch.randn(weight.shape, generator=draws).to(weight)
                weight += self.share * weight.std(correction=0) * noise
        return setup.forced(noisy)  # {"forget": its scores of the forget rows}
