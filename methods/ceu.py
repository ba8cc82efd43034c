"""CE-U: cross entropy towards the model's own output with the gold token ruled out.

Yang 2025, arXiv 2503.01224, at answer positions after the first:

    loss = cross entropy(stop-gradient(softmax(z with z_y = -inf)), softmax(z))

Its gradient in z is softmax(z) minus that target: p(y) on the gold token, so it neither vanishes at a sure
model nor explodes at an unsure one. A footnote of the paper leaves the first answer token out. Checked
against the OpenUnlearning contribution (ceu.py). Chosen here: positions are averaged within a row, then
rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from methods.base import NOT_NEGATIVE, Batch, WithRetain, answer_logits, place_in_answer

VARIANTS = {"ceu": {}}


@dataclass(frozen=True)
class CEU(WithRetain):
    paper: ClassVar[str] = "arXiv:2503.01224"
    needs: ClassVar[tuple[str, ...]] = ()
    ranges: ClassVar[dict[str, tuple[float, float]]] = {"skipped": NOT_NEGATIVE}

    skipped: int = 1  # answer tokens left alone at the start of each row; the paper's footnote

    def forget_loss(self, model: nn.Module, batch: Batch) -> Tensor:
        logits = answer_logits(model, batch.forget)  # [N, V]
        gold = batch.forget.targets.unsqueeze(-1)  # [N, 1]
        target = logits.detach().scatter(-1, gold, -torch.inf).softmax(-1)
        crossed = -(target * logits.log_softmax(-1)).sum(-1)  # [N]
        counted = (place_in_answer(batch.forget) >= self.skipped).to(crossed.dtype)  # [N]
        rows = batch.forget.row_sum(crossed * counted) / batch.forget.row_sum(counted).clamp(min=1)
        return rows.mean()
