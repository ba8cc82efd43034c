"""BalDRO-G: forget the half of a batch that the model still remembers best; leave the rest for later.

Zhai et al. 2026, arXiv 2601.09172 (WWW 2026), the variant by groups. At every step the forget rows are ranked by their mean
NLL under the model, in a forward pass without gradient, and

    loss = forget loss over the rows of lowest NLL + NLL(retain) over as many retain rows

so that rows already forgotten are not pushed further. The forget loss is NPO's or SimNPO's with its usual constants.
Checked against the authors' code (nxZhai/BalDRO@12a0b0c), which ranks within a micro-batch; here all rows of the
optimiser's step are ranked together, so that splitting it changes nothing. The retain rows kept are those that came
with the forget rows kept, which are random ones as well. The other variant, -DV, is left out: as released it takes a
soft minimum over rows where the paper describes a worst case.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import ClassVar, Literal

import torch
from torch import Tensor, nn

from methods.base import Batch, Batches, Method, Models, Tokens, UserError, WithRetain, token_logprobs
from methods.npo import NPO
from methods.simnpo import SimNPO

VARIANTS = {"baldro_g": {}, "baldro_g_simnpo": {"forget": "simnpo"}}


@dataclass(frozen=True)
class BalDROG(Method):
    paper: ClassVar[str] = "arXiv:2601.09172"
    needs: ClassVar[tuple[str, ...]] = ("retain",)
    extra_forwards: ClassVar[int] = 1  # ranking all forget rows; then half of them and half of the retain rows

    forget: Literal["npo", "simnpo"] = "npo"  # the forget loss
    ratio: float = 0.5  # share of the rows that are kept, at least one; authors'

    def __post_init__(self) -> None:
        if self.forget not in ("npo", "simnpo"):
            raise UserError(f"forget must be 'npo' or 'simnpo', not {self.forget!r}")

    def forwards(self) -> float:
        return 1 + 2 * self.ratio

    def forgetting(self) -> WithRetain:
        """The method whose forget loss is used."""
        return NPO(retain="rt") if self.forget == "npo" else SimNPO()

    def prepare(self, models: Models, tokens: Tokens) -> dict[str, Tensor]:
        return self.forgetting().prepare(models, tokens)

    def loss(self, model: nn.Module, batch: Batch) -> Tensor:
        """The loss of a step that is this batch."""
        (kept,) = self.kept(model, lambda: iter([(batch, 1.0)]))
        return self.forgetting().loss(model, part(batch, kept))

    def gradient(self, model: nn.Module, batches: Batches, backward: Callable[[Tensor], None]) -> Tensor:
        kept = self.kept(model, batches)
        rows, total = sum(map(len, kept)), torch.zeros(())
        for (batch, _), chosen in zip(batches(), kept, strict=True):
            if len(chosen):
                loss = self.forgetting().loss(model, part(batch, chosen)) * (len(chosen) / rows)
                backward(loss)
                total = total.to(loss.device) + loss.detach()
        return total

    def kept(self, model: nn.Module, batches: Batches) -> list[Tensor]:
        """For each micro-batch the places of its rows among those of the step that are remembered best."""
        with torch.no_grad():
            known = [
                b.forget.row_mean(token_logprobs(model, b.forget)) for b, _ in batches()
            ]  # [B] each: minus the NLL
        count = max(1, math.floor(sum(map(len, known)) * self.ratio))
        chosen = torch.zeros(sum(map(len, known)), dtype=torch.bool, device=known[0].device)
        chosen[torch.cat(known).topk(count).indices] = True
        return [mask.nonzero()[:, 0] for mask in chosen.split([len(k) for k in known])]


def part(batch: Batch, rows: Tensor) -> Batch:
    """These rows of a batch, and what comes with them."""
    cached = {name: value[rows] for name, value in batch.cached.items()}
    return replace(batch, forget=rows_of(batch.forget, rows), retain=rows_of(batch.retain, rows), cached=cached)


def rows_of(tokens: Tokens, rows: Tensor) -> Tokens:
    """These rows [K] of B, in their order."""
    place = torch.full_like(tokens.index, -1)  # [B]
    place[rows] = torch.arange(len(rows), device=rows.device)
    kept = place[tokens.row] >= 0  # [N]; rows are in order, so their answer tokens are
    return Tokens(
        input_ids=tokens.input_ids[rows],
        attention_mask=tokens.attention_mask[rows],
        row=place[tokens.row][kept],
        column=tokens.column[kept],
        index=tokens.index[rows],
    )
