"""WHP ("Who's Harry Potter?"): fine-tune on what a model without the forget rows would find likeliest.

Eldan and Russinovich 2023, arXiv 2310.02238:

    v_generic = v_baseline - alpha * relu(v_reinforced - v_baseline)
    loss = mean cross entropy of the model to argmax v_generic, at forget answer positions

The equation is RKLD's teacher (rkld.py), of which WHP keeps only the likeliest token. It and alpha were checked
against several accounts that quote the paper, whose code is not public. The paper also replaces names that
belong to the text by generic ones before it asks the baseline; that table was written by GPT-4 for one book,
and is left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from methods.base import NOT_NEGATIVE, Batch, Method, Models, Tokens, answer_logits
from methods.rkld import teacher_logits

VARIANTS = {"whp": {}}


@dataclass(frozen=True)
class WHP(Method):
    paper: ClassVar[str] = "arXiv:2310.02238"
    needs: ClassVar[tuple[str, ...]] = ("reinforced",)
    ranges: ClassVar[dict[str, tuple[float, float]]] = {"alpha": NOT_NEGATIVE}

    alpha: float = 5.0  # the paper's value

    def prepare(self, models: Models, tokens: Tokens) -> dict[str, Tensor]:
        baseline = answer_logits(models.reference, tokens)  # [N, V]
        reinforced = answer_logits(models.reinforced, tokens)  # [N, V]
        return {"generic": teacher_logits(baseline, reinforced, self.alpha).argmax(-1)}  # [N]

    def loss(self, model: nn.Module, batch: Batch) -> Tensor:
        logits = answer_logits(model, batch.forget)  # [N, V]
        costs = cross_entropy(logits, batch.cached["generic"], reduction="none")  # [N]
        return batch.forget.row_mean(costs).mean()
