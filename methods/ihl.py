"""IHL: the inverted hinge loss, which trades the gold token for the next likeliest one.

Cha et al. 2024, arXiv 2408.06621 (ICLR 2025; the paper's whole method is LoKU, see loku.py), per answer
position:

    loss = 1 + p(y) - max over v != y of p(v) + NLL(retain)

It lies in [0, 2] and touches only the gold token and its nearest rival, where ascent spreads over the whole
vocabulary. Checked against ports of the authors' code (a multiclass hinge loss with the margin's sign
turned).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from torch import Tensor, nn

from methods.base import Batch, WithRetain, answer_logits

VARIANTS = {"ihl": {}}


@dataclass(frozen=True)
class IHL(WithRetain):
    paper: ClassVar[str] = "arXiv:2408.06621"
    needs: ClassVar[tuple[str, ...]] = ()

    retain: Literal["none", "rt", "kl"] = "rt"  # as in the paper

    def forget_loss(self, model: nn.Module, batch: Batch) -> Tensor:
        p = answer_logits(model, batch.forget).softmax(-1)  # [N, V]
        gold = batch.forget.targets.unsqueeze(-1)  # [N, 1]
        rival = p.scatter(-1, gold, 0.0).max(-1).values  # [N]
        hinge = 1 + p.gather(-1, gold).squeeze(-1) - rival
        return batch.forget.row_mean(hinge).mean()
