"""Answers to forget questions, sampled from a model while it is trained."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
from torch import nn

from benchmark.models.forward import Tokens, collate
from benchmark.models.generation import generate_sampled
from benchmark.models.tokenization import PromptTokenizer, TokenizedExample


@dataclass(frozen=True)
class LiveSampler:
    """A batch's ``methods.base.Sampler``. Answers end where the longest forget answer does, at the latest.

    Sample k of a row has the same random numbers however many are drawn, in whatever batch. Every answer is closed with
    EOS, also one that was cut.
    """

    prompt_tokenizer: PromptTokenizer
    prompts: Sequence[Sequence[int]]  # of the batch's forget rows
    numbers: Sequence[int]  # of these rows in the forget set
    longest: int  # tokens of an answer at most, without EOS
    seed: int
    epoch: int
    device: str

    def __call__(
        self,
        model: nn.Module,
        count: int,
        *,
        temperature: float = 1.0,
        top_k: int | None = None,
        top_p: float | None = None,
        places: Sequence[int] | None = None,
    ) -> list[list[TokenizedExample]]:
        asked = range(len(self.prompts)) if places is None else places
        prompts = [self.prompts[place] for place in asked for _ in range(count)]
        with evaluating(model):
            answers = generate_sampled(
                model,
                prompts,
                np.concatenate([np.zeros((0, self.longest)), *(self._uniforms(place, count) for place in asked)]),
                temperature=temperature,
                eos_ids={self.prompt_tokenizer.eos_id},
                pad_id=self.prompt_tokenizer.pad_id,
                top_k=top_k,
                top_p=top_p,
                device=self.device,
            )
        eos = self.prompt_tokenizer.eos_id
        # The tokens themselves are kept: sampled ones may be no text, and would not survive decoding.
        pairs = zip(prompts, answers, strict=True)
        encoded = [TokenizedExample([*prompt, *answer, eos], len(prompt)) for prompt, answer in pairs]
        return [encoded[i : i + count] for i in range(0, len(encoded), count)]

    def texts(self, answers: Sequence[TokenizedExample]) -> list[str]:
        return self.prompt_tokenizer.decode([one.ids[one.start : -1] for one in answers])

    def collate(self, answers: Sequence[TokenizedExample]) -> Tokens:
        return collate(answers, self.prompt_tokenizer.pad_id).to(self.device)

    def _uniforms(self, place: int, count: int) -> np.ndarray:
        """[count, longest]"""
        return np.random.default_rng([self.seed, self.epoch, self.numbers[place], 5]).random((count, self.longest))


@contextmanager
def evaluating(model: nn.Module) -> Iterator[None]:
    """Inside, dropout and checkpoints of activations are off; then all modules are as they were."""
    training = [module for module in model.modules() if module.training]
    model.eval()
    try:
        yield
    finally:
        for module in training:
            module.training = True
