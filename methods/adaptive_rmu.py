"""Adaptive RMU: RMU with a target as long as the hidden state itself, times beta, in whatever layer.

Dang et al. 2024, arXiv 2408.06223: c = beta * ||h_ref||, at each forget answer position the norm of the frozen
model's hidden state; everything else is as in rmu.py. Checked against the authors' code, which takes the
mean norm of the first batch for c, where the norm of each position is taken here: it does not hang on the
order of rows, and is prepared once.
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
    # Listings read a file without importing it, so what is inherited is said again.
    paper: ClassVar[str] = "arXiv:2408.06223"
    needs: ClassVar[tuple[str, ...]] = ("retain", "reference")
    extra_forwards: ClassVar[int] = 2

    steering: float = 5.0  # beta, times the norm; authors' scripts
    retain_weight: float = 30.0  # chosen on the tiny model, which 1200 (authors, Zephyr-7B) holds still

    def prepare(self, models: Models, tokens: Tokens) -> dict[str, Tensor]:
        layer = self.steered_layer(models.reference.config.num_hidden_layers)
        return {"norm": answer_hidden(models.reference, tokens, layer).float().norm(dim=-1, keepdim=True)}  # [N, 1]

    def lengths(self, batch: Batch) -> Tensor:
        return self.steering * batch.cached["norm"]
