"""RMU: steer the hidden states of forget answers towards a fixed random direction, keep those of retain answers.

Li et al. 2024 (WMDP), arXiv 2403.03218, with h the hidden states after block `layer`, at the positions that
predict answer tokens, and u a random unit vector (entries uniform in [0, 1), then normalised):

    loss = mean ||h(forget) - c * u||^2 + retain_weight * mean ||h(retain) - h_ref(retain)||^2

Only the blocks layer-2 .. layer are trained, whole; the authors' code trains their MLP's last matrix alone,
which has another name in every architecture. u is drawn from `vector_seed`, not from the run's seed, so
that runs differ in their rows only.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from methods.base import Batch, Method, answer_hidden, unwrap

VARIANTS = {"rmu": {}}

TRAINED_BLOCKS = 3  # the paper's: the steered one and the two before it


@dataclass(frozen=True)
class RMU(Method):
    paper: ClassVar[str] = "arXiv:2403.03218"
    needs: ClassVar[tuple[str, ...]] = ("retain", "reference")
    extra_forwards: ClassVar[int] = 2  # the retain rows, by the model and by the frozen one

    steering: float = 2.0  # c, the length of the target; OpenUnlearning's on TOFU (paper: 6.5 for Zephyr-7B)
    layer: int | None = None  # blocks before the steered states; None: half of them (paper: 8 of 32)
    retain_weight: float = 1.0  # OpenUnlearning's on TOFU (paper: 1200 for Zephyr-7B)
    vector_seed: int = 0  # of u

    def steered_layer(self, layers: int) -> int:
        """The number of blocks before the steered hidden states, in a model of so many layers."""
        return max(1, layers // 2) if self.layer is None else self.layer

    def trains_parameter(self, name: str, layers: int) -> bool:
        block = re.search(r"\.(?:layers|h|blocks?)\.(\d+)\.", f".{name}")
        last = self.steered_layer(layers) - 1  # blocks are counted from 0
        return block is not None and last - TRAINED_BLOCKS < int(block[1]) <= last

    def loss(self, model: nn.Module, batch: Batch) -> Tensor:
        layer = self.steered_layer(unwrap(model).config.num_hidden_layers)
        forget = answer_hidden(model, batch.forget, layer).float()  # [N, D]
        target = self.lengths(batch) * unit_vector(forget.shape[-1], self.vector_seed).to(forget.device)  # [N, D]
        retain = answer_hidden(model, batch.retain, layer).float()
        with torch.no_grad():
            kept = answer_hidden(batch.reference, batch.retain, layer).float()
        away = batch.forget.row_mean((forget - target).square().sum(-1)).mean()
        return away + self.retain_weight * batch.retain.row_mean((retain - kept).square().sum(-1)).mean()

    def lengths(self, batch: Batch) -> Tensor:
        """[N, 1] the target's length at every forget answer token."""
        return torch.full((len(batch.forget.row), 1), self.steering, device=batch.forget.row.device)


def unit_vector(size: int, seed: int) -> Tensor:
    """[size] the same random direction on every device."""
    vector = torch.rand(size, generator=torch.Generator().manual_seed(seed))
    return vector / vector.norm()
