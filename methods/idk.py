"""IDK: train the model to answer forget questions with a refusal, while retaining the rest.

Maini et al. 2024, arXiv 2401.06121 ("preference optimisation"): loss = NLL(random refusal | forget
question) + NLL(retain). The refusal is drawn anew each epoch. The literature also calls this loss
"IDK+RT"; where its "IDK" has no retain term, that is retain="none" here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from torch import Tensor, nn

from methods.base import Batch, WithRetain, nll

VARIANTS = {"idk": {}, "idk+rt": {"retain": "rt"}}


@dataclass(frozen=True)
class IDK(WithRetain):
    paper: ClassVar[str] = "arXiv:2401.06121"
    needs: ClassVar[tuple[str, ...]] = ("refusals",)

    retain: Literal["none", "rt", "kl"] = "rt"  # the paper's loss has the retain term

    def forget_loss(self, model: nn.Module, batch: Batch) -> Tensor:
        return nll(model, batch.refusal)
