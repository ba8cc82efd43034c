"""GA+IDK: gradient ascent on the forget answer and likelihood of a refusal in its place.

loss = NLL(random refusal | forget question) - NLL(forget answer)

No paper was found that defines the name. The nearest is LLMU (Yao et al. 2023, arXiv 2310.10683): ascent,
plus NLL of a random unrelated answer, plus a KL term on normal rows; here the other answer is a refusal,
the weights are 1 and 1, and the retain term is optional (retain="kl" is LLMU's). Like gradient ascent's, the
loss has no lower bound.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor, nn

from methods.base import Batch, WithRetain, nll

VARIANTS = {"ga+idk": {}}


@dataclass(frozen=True)
class GAIDK(WithRetain):
    paper: ClassVar[str] = "arXiv:2310.10683"
    status: ClassVar[str] = "unconfirmed"
    needs: ClassVar[tuple[str, ...]] = ("refusals",)
    extra_forwards: ClassVar[int] = 1  # the refusal

    def forget_loss(self, model: nn.Module, batch: Batch) -> Tensor:
        return nll(model, batch.refusal) - nll(model, batch.forget)
