"""4-bit weights: NormalFloat, blocks of 64 weights of a row, each rounded to the nearest of 16 levels times its largest absolute value.

QLoRA, arXiv 2305.14314, section 3 and appendix E: the levels are quantiles of the normal distribution, with an exact 0; no double
quantisation, embeddings and head untouched. bitsandbytes takes blocks of the flattened weight, which are the same where a
row's length is a multiple of 64.
"""

from __future__ import annotations

from functools import cache

import torch
from torch import Tensor

from benchmark.attacks.base import Attack, AttackSetup, rounded_copy
from benchmark.evaluation.scores import SetScores

BLOCK = 64
TAIL = (1 - 1 / 32 + 1 - 1 / 30) / 2  # probability of the outermost level: between those of 16 and of 15 levels


class NF4(Attack):
    name = "nf4"
    version = 1

    def attack(self, setup: AttackSetup) -> dict[str, SetScores]:
        return setup.forced(rounded_copy(setup.model, round_blocks))


@cache
def levels() -> tuple[float, ...]:
    """The 16 levels from -1 to 1: 8 on the positive side, 7 on the negative one, and 0."""
    import numpy as np
    from scipy.special import ndtri

    positive, negative = ndtri(np.linspace(0.5, TAIL, 9))[1:], -ndtri(np.linspace(0.5, TAIL, 8))[1:]
    values = np.sort(np.concatenate([negative, [0.0], positive]))
    return tuple((values / values.max()).tolist())


def round_blocks(weight: Tensor) -> Tensor:
    """[out, in] each block of 64 weights of a row on its own levels; a block of zeros stays."""
    rows, columns = weight.shape
    padded = torch.nn.functional.pad(weight, (0, -columns % BLOCK)).reshape(rows, -1, BLOCK)
    scale = padded.abs().amax(dim=2, keepdim=True)
    unit = padded / scale.where(scale > 0, scale.new_ones(()))
    grid = torch.tensor(levels(), dtype=weight.dtype, device=weight.device)
    between = (grid[1:] + grid[:-1]) / 2
    nearest = grid[torch.bucketize(unit, between)]
    return (nearest * scale).reshape(rows, -1)[:, :columns]
