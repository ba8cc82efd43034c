"""PMC (partial model collapse): train on the model's own answers, those furthest from what it first answered.

Scholten et al. 2025, arXiv 2507.04219, ICLR 2026. Gold answers are never used; with a_0 the fine-tuned model's greedy
answer to a forget question:

    loss = NLL(best answer) + retain_weight * NLL(retain)

At each visit the model samples `samples` answers to the question; their score is the ROUGE-L recall of a_0's words
(stemmed), plus exp(-words), to 1 at most, where an answer has fewer words than `min_words`. The best answer has the
lowest score, the first of equals. It is kept, replaced by one of a lower or equal score, and a question whose best
answer scores 0 is not sampled again. Checked against the authors' code (yascho/partial-model-collapse-unlearning,
pmc.py). Chosen here: a row's tokens are averaged, then rows; answers end where the longest forget answer does (there
question and answer have 200 tokens); the tokens sampled are trained on as they are, not decoded and encoded again. The
authors train longer than is usual: 30 epochs (Llama-3.2-3B), 40 (Phi-1.5).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, ClassVar, Literal

from torch import Tensor, nn

from methods.base import AT_LEAST_ONE, POSITIVE, SHARE, Batch, Batches, TokenizedExample, WithRetain, moving_state, nll

VARIANTS = {"pmc": {}}


@dataclass(frozen=True)
class Best:
    """A question's best answer so far."""

    first: str  # what the fine-tuned model answered
    answer: TokenizedExample
    score: float
    epoch: int  # of the last visit


@dataclass(frozen=True)
class PMC(WithRetain):
    paper: ClassVar[str] = "arXiv:2507.04219"
    needs: ClassVar[tuple[str, ...]] = ("samples", "reference")
    extra_forwards: ClassVar[float] = 20  # sampling; the own forward is the best answer's
    weighs: ClassVar[str] = "retain_weight"  # the authors' lambda, another one for each model
    ranges: ClassVar[dict[str, tuple[float, float]]] = {
        "samples": AT_LEAST_ONE,
        "temperature": POSITIVE,
        "top_k": AT_LEAST_ONE,
        "top_p": SHARE,
    }

    retain: Literal["none", "rt", "kl"] = "rt"  # as in the paper
    retain_weight: float = 1.25  # lambda, no unit; authors' for Llama-3.2-3B (1.5 for Phi-1.5)
    samples: int = 20  # n, answers a visit; authors' for Llama-3.2-3B (5 for Phi-1.5)
    temperature: float = 0.9  # authors' for Llama-3.2-3B (1.25 for Phi-1.5)
    top_k: int = 50  # tokens to draw from; unset in the authors' code, so transformers' default
    top_p: float = 0.95  # probability of those of them that are drawn from; authors'
    min_words: int = 0  # below which an answer's score is raised; authors': never

    def forwards(self) -> float:
        return super().forwards() - self.extra_forwards + self.samples

    def best(self, model: nn.Module, batch: Batch) -> dict[int, Best]:
        """The best answers so far, those of the batch's rows after this epoch's visit."""
        kept: dict[int, Best] = batch.state.get("best", {})
        numbers = batch.forget.index.tolist()
        new = [place for place, n in enumerate(numbers) if n not in kept]
        first = {n: one.first for n, one in kept.items()}
        if new:
            greedy = [answers[0] for answers in batch.sampler(batch.reference, 1, top_k=1, places=new)]
            first |= zip((numbers[place] for place in new), batch.sampler.texts(greedy), strict=True)
        due = [p for p, n in enumerate(numbers) if p in new or (kept[n].score > 0 and kept[n].epoch != batch.epoch)]
        options: dict[str, Any] = {
            "temperature": self.temperature,
            "top_k": self.top_k,
            "top_p": self.top_p,
            "places": due,
        }
        candidates = dict(kept)
        for place, answers in zip(due, batch.sampler(model, self.samples, **options), strict=True):
            number = numbers[place]
            scores = [self.score(first[number], text) for text in batch.sampler.texts(answers)]
            best = Best(first[number], answers[scores.index(min(scores))], min(scores), batch.epoch)
            if number in kept and best.score > kept[number].score:
                best = replace(kept[number], epoch=batch.epoch)
            candidates[number] = best
        return candidates

    def score(self, first: str, text: str) -> float:
        """In [0, 1]: how much of the first answer is still there."""
        recall, words = rouge_l_recall(first, text), len(text.strip().split(" "))
        return min(recall + math.exp(-words), 1.0) if words < self.min_words else recall

    def forget_loss(self, model: nn.Module, batch: Batch) -> Tensor:
        best = self.best(model, batch)
        return nll(model, batch.sampler.collate([best[n].answer for n in batch.forget.index.tolist()]))

    def gradient(self, model: nn.Module, batches: Batches, backward: Callable[[Tensor], None]) -> Tensor:
        return super().gradient(model, moving_state(batches, lambda batch: {"best": self.best(model, batch)}), backward)


@lru_cache(maxsize=1)
def _scorer():
    from rouge_score.rouge_scorer import RougeScorer

    return RougeScorer(["rougeL"], use_stemmer=True)


def rouge_l_recall(first: str, text: str) -> float:
    return _scorer().score(first, text)["rougeL"].recall
