"""RMU: steer the hidden states of forget answers towards a fixed random direction, keep those of retain answers.

Li et al. 2024 (WMDP), arXiv 2403.03218, with h the hidden states after block `layer`, at the positions that
predict answer tokens, and u a random unit vector (entries uniform in [0, 1), then normalised):

    loss = mean ||h(forget) - c * u||^2 + retain_weight * mean ||h(retain) - h_ref(retain)||^2

Layer, c and weight are the paper's for Zephyr-7B: it steers after a quarter of the blocks (8 of 32) and trains the last
matrix of the MLP in that block and the two before it, under LoRA the adapter beside it. OpenUnlearning's configuration
for TOFU is layer=8 (of 16), trained="blocks" (there it is all parameters), steering=2, retain_weight=1. The authors'
mean is also over the hidden dimension, which scales both terms alike. u is drawn from `vector_seed`, not from the run's
seed, so that runs differ in their rows only. The forward pass has the run's precision, the loss is float32.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar, Literal

import torch
from torch import Tensor, nn

from methods.base import AT_LEAST_ONE, NOT_NEGATIVE, Batch, Method, answer_hidden, unwrap

VARIANTS = {"rmu": {}}

TRAINED_BLOCKS = 3  # the paper's: the steered one and the two before it
LAST_OF_MLP = r"(down_proj|dense_4h_to_h|mlp\.c_proj|fc2|fc_out|w2)\.weight$"  # its name, by architecture


@dataclass(frozen=True)
class RMU(Method):
    paper: ClassVar[str] = "arXiv:2403.03218"
    needs: ClassVar[tuple[str, ...]] = ("retain", "reference")
    extra_forwards: ClassVar[int] = 2  # the retain rows, by the model and by the frozen one
    weighs: ClassVar[str] = "retain_weight"  # the authors' alpha, another one for each model
    ranges: ClassVar[dict[str, tuple[float, float]]] = {
        "steering": NOT_NEGATIVE,
        "layer": AT_LEAST_ONE,
        "retain_weight": NOT_NEGATIVE,
        "vector_seed": NOT_NEGATIVE,
    }

    steering: float = 6.5  # c, the length of the target; the paper's for Zephyr-7B
    layer: int | None = None  # blocks before the steered states; None: a quarter of them, rounded up
    retain_weight: float = 1200.0  # alpha; the paper's for Zephyr-7B
    trained: Literal["matrix", "blocks"] = "matrix"  # the MLP's last matrix in each of the blocks, or all of them
    vector_seed: int = 0  # seed of u

    def steered_layer(self, layers: int) -> int:
        """The number of blocks before the steered hidden states, in a model of so many layers."""
        return -(-layers // 4) if self.layer is None else self.layer

    def trains_parameter(self, name: str, layers: int) -> bool:
        block = re.search(r"\.(?:layers|h|blocks?)\.(\d+)\.", f".{name}")
        last = self.steered_layer(layers) - 1  # blocks are counted from 0
        if block is None or not last - TRAINED_BLOCKS < int(block[1]) <= last:
            return False
        return self.trained == "blocks" or re.search(LAST_OF_MLP, name) is not None

    def loss(self, model: nn.Module, batch: Batch) -> Tensor:
        layer = self.steered_layer(unwrap(model).config.num_hidden_layers)
        forget = answer_hidden(model, batch.forget, layer)  # [N, D]
        target = self.lengths(batch) * unit_vector(forget.shape[-1], self.vector_seed).to(forget.device)  # [N, D]
        retain = answer_hidden(model, batch.retain, layer)
        with torch.no_grad():
            kept = answer_hidden(batch.reference, batch.retain, layer)
        away = batch.forget.row_mean((forget - target).square().sum(-1)).mean()
        return away + self.retain_weight * batch.retain.row_mean((retain - kept).square().sum(-1)).mean()

    def lengths(self, batch: Batch) -> Tensor:
        """[N, 1] the target's length at every forget answer token."""
        return torch.full((len(batch.forget.row), 1), self.steering, device=batch.forget.row.device)


def unit_vector(size: int, seed: int) -> Tensor:
    """[size] a random direction, the same on every device."""
    vector = torch.rand(size, generator=torch.Generator().manual_seed(seed))
    return vector / vector.norm()
