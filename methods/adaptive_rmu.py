"""Adaptive RMU: RMU whose target is beta times as long as the hidden state itself, whichever layer is steered.

Dang et al. 2024, arXiv 2408.06223: c = beta * ||h_ref||, where ||h_ref|| is the norm of the frozen model's hidden
state at a forget answer position; everything else is as in rmu.py. Checked against the authors' code
(RebelsNLU-jaist/llm-unlearning), which takes the mean norm of the first batch. Here each position has its own norm,
which does not depend on the order of rows and is prepared once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from methods.base import Batch, Models, Tokens, answer_hidden
from methods.rmu import RMU

VARIANTS = {"adaptive_rmu": {}}


@dataclass(frozen=True)
class AdaptiveRMU(RMU):
    # Listings read this file without importing it, so inherited values are repeated here.
    paper: ClassVar[str] = "arXiv:2408.06223"
    needs: ClassVar[tuple[str, ...]] = ("retain", "reference")
    extra_forwards: ClassVar[int] = 2
    weighs: ClassVar[str] = "retain_weight"

    steering: float = 5.0  # beta, times the norm; authors' scripts
    retain_weight: float = 1200.0  # alpha; authors' scripts (Zephyr-7B); on a tiny model it allows little forgetting

    def prepare(self, models: Models, tokens: Tokens) -> dict[str, Tensor]:
        layer = self.steered_layer(models.reference.config.num_hidden_layers)
        return {"norm": answer_hidden(models.reference, tokens, layer).norm(dim=-1, keepdim=True)}  # [N, 1]

    def lengths(self, batch: Batch) -> Tensor:
        return self.steering * batch.cached["norm"]
