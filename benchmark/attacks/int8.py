"""8-bit weights: each output row rounded to the nearest of 255 even steps up to its largest absolute value.

Round-to-nearest without calibration data, embeddings and head untouched: what bitsandbytes' LLM.int8() (arXiv 2208.07339) does to
weights, without its outlier columns and without rounding activations. "Quantised models get back what they forgot": arXiv
2410.16454, on MUSE.
"""

from __future__ import annotations

from torch import Tensor

from benchmark.attacks.base import Attack, AttackSetup, rounded_copy
from benchmark.evaluation.scores import SetScores

STEPS = 127  # on either side of 0


class Int8(Attack):
    name = "int8"
    version = 1

    def attack(self, setup: AttackSetup) -> dict[str, SetScores]:
        return setup.forced(rounded_copy(setup.model, round_rows))


def round_rows(weight: Tensor) -> Tensor:
    """[out, in] each row on the grid of its largest absolute value / 127; a row of zeros stays."""
    scale = weight.abs().amax(dim=1, keepdim=True) / STEPS
    return (weight / scale.where(scale > 0, scale.new_ones(()))).round() * scale
