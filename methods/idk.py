"""IDK: train the model to answer forget questions with a refusal, while retaining the rest.

Maini et al. 2024, arXiv 2401.06121 ("preference optimisation"), with a random refusal for each forget question, drawn
anew each epoch, and one retain row beside it:

    loss = mean NLL over the tokens of the refusals and of the retain answers, all together

as in the authors' code (locuslab/tofu, "idk"), which puts both into one batch: refusals are short, so retain answers
have most of the weight. The mean is over a whole step's tokens, however it is split. The literature also calls this
loss "IDK+RT"; where its "IDK" has no retain term, that is retain="none" here. retain="kl" adds the KL term to the
refusals' mean.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Literal

from torch import Tensor, nn

from methods.base import Batch, Batches, WithRetain, token_logprobs

VARIANTS = {"idk": {}, "idk+rt": {"retain": "rt"}}


@dataclass(frozen=True)
class IDK(WithRetain):
    paper: ClassVar[str] = "arXiv:2401.06121"
    needs: ClassVar[tuple[str, ...]] = ("refusals",)

    retain: Literal["none", "rt", "kl"] = "rt"  # the paper's loss has the retain term

    def loss(self, model: nn.Module, batch: Batch) -> Tensor:
        return self.part(model, batch, 1.0, self.counted(batch))

    def gradient(self, model: nn.Module, batches: Batches, backward: Callable[[Tensor], None]) -> Tensor:
        tokens, parts = sum(self.counted(batch) for batch, _ in batches()), []
        for batch, share in batches():
            loss = self.part(model, batch, share, tokens)
            backward(loss)
            parts.append(loss.detach())
        return sum(parts)

    def counted(self, batch: Batch) -> int:
        """How many tokens the mean is over."""
        return len(batch.refusal.row) + (len(batch.retain.row) if self.retain == "rt" else 0)

    def part(self, model: nn.Module, batch: Batch, share: float, tokens: int) -> Tensor:
        """What a micro-batch with this share of a step's rows adds to its loss, a mean over so many tokens."""
        loss = -token_logprobs(model, batch.refusal).sum() / tokens
        if self.retain == "rt":
            loss = loss - self.retain_weight * token_logprobs(model, batch.retain).sum() / tokens
        elif self.retain == "kl":
            loss = loss + share * self.retain_weight * self.retain_loss(model, batch)
        return loss
