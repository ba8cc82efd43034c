"""BS-S (bootstrapping, sentences): push down the forget answer and whole answers that the model now gives itself.

Li et al. 2025, arXiv 2510.19422, ICLR 2026. As BS-T (bs_t.py), but what the model believes in is sampled from it:

    loss = (1 - sample_weight) * mean log p(answer) + sample_weight * mean log p(sampled answers) + NLL(retain)

Checked against the authors' code (kemoulee/open-unlearning, bss.py), with three differences. There the answers sampled
for one micro-batch serve all rows until 2 epochs have passed; here, as in the paper, each question has its own, drawn
anew at its first visit once `regeneration_epochs` have passed since the last. Means are over a row's tokens, then its
samples, then rows (there over all tokens of a batch). Answers end where the longest forget answer does (there after 200
tokens). With `on_policy` off the fine-tuned model answers, once. The paper allows any ascent in place of log p, and its
best ablation row has BS-T's: `belief_weight` 0.2 gives that.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from torch import Tensor, nn

from methods.base import AT_LEAST_ONE, POSITIVE, SHARE, Batch, Batches, TokenizedExample, moving_state
from methods.bs_t import BST

VARIANTS = {"bs_s": {}}
Sampled = dict[int, tuple[int, list[TokenizedExample]]]  # of a forget row: the epoch of sampling, and the answers


@dataclass(frozen=True)
class BSS(BST):
    # Listings read this file without importing it, so inherited values are repeated here.
    paper: ClassVar[str] = "arXiv:2510.19422"
    needs: ClassVar[tuple[str, ...]] = ("samples",)
    extra_forwards: ClassVar[float] = 4.5  # three sampled answers; sampling them every other epoch
    ranges: ClassVar[dict[str, tuple[float, float]]] = {
        "sample_weight": SHARE,
        "samples": AT_LEAST_ONE,
        "temperature": POSITIVE,
        "top_k": AT_LEAST_ONE,
        "regeneration_epochs": AT_LEAST_ONE,
    }

    sample_weight: float = 0.5  # lambda_BSS, no unit; authors' on TOFU
    samples: int = 3  # N, answers a question; authors' on TOFU
    temperature: float = 1.0  # authors' on TOFU
    top_k: int = 50  # tokens to draw from; unset in the authors' code, so transformers' default
    regeneration_epochs: int = 2  # epochs that answers are kept for; authors' on TOFU
    on_policy: bool = True  # False: answers of the fine-tuned model, sampled once
    belief_weight: float = 0.0  # of BS-T within; 0 is plain ascent, as in the authors' code
    retain: Literal["none", "rt", "kl"] = "rt"  # as in the authors' code

    def required(self) -> tuple[str, ...]:
        needed = super().required()
        return needed if self.on_policy or "reference" in needed else (*needed, "reference")

    def forwards(self) -> float:
        sampled = self.samples / self.regeneration_epochs if self.on_policy else 0  # a step, on average
        return super().forwards() - self.extra_forwards + self.samples + sampled

    def sampled(self, model: nn.Module, batch: Batch) -> Sampled:
        """The answers kept so far, with fresh ones for the batch's rows where it is time."""
        kept: Sampled = batch.state.get("sampled", {})
        numbers = batch.forget.index.tolist()

        def due(number: int) -> bool:
            return number not in kept or (self.on_policy and batch.epoch - kept[number][0] >= self.regeneration_epochs)

        places = [place for place, number in enumerate(numbers) if due(number)]
        answering = model if self.on_policy else batch.reference
        options: dict[str, Any] = {"temperature": self.temperature, "top_k": self.top_k, "places": places}
        drawn = batch.sampler(answering, self.samples, **options)
        return kept | {numbers[p]: (batch.epoch, answers) for p, answers in zip(places, drawn, strict=True)}

    def forget_loss(self, model: nn.Module, batch: Batch) -> Tensor:
        sampled = self.sampled(model, batch)
        believed = batch.sampler.collate([one for n in batch.forget.index.tolist() for one in sampled[n][1]])
        gold, own = self.ascent(model, batch.forget), self.ascent(model, believed)
        return (1 - self.sample_weight) * gold + self.sample_weight * own

    def gradient(self, model: nn.Module, batches: Batches, backward: Callable[[Tensor], None]) -> Tensor:
        keeping = moving_state(batches, lambda batch: {"sampled": self.sampled(model, batch)})
        return super().gradient(model, keeping, backward)
