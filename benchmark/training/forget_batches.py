"""The batches that a method's loss sees: forget rows, and what comes with each of them, encoded once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from benchmark.data.types import Split, question_answer_pairs
from benchmark.models.forward import collate
from benchmark.models.generation import generate_sampled
from benchmark.models.tokenization import PromptTokenizer, TokenizedExample
from benchmark.training.teacher_cache import placement, projected_bytes
from methods.base import Batch, Method, Models

PREPARE_BATCH = 16  # rows a batch when frozen models are read in advance


@dataclass
class UnlearningRows:
    """The forget rows and what comes with them, encoded once.

    A forget row's paired examples (one retain row, one refusal, one alternative) are drawn anew each epoch from
    (seed, epoch) alone, so neither the batch size nor what other methods need changes them.
    """

    prompt_tokenizer: PromptTokenizer
    forget: list[TokenizedExample]
    retain: list[TokenizedExample]
    questions: list[str]  # of the forget rows
    refusals: Sequence[str]  # empty unless needed
    samples_alternatives: bool
    seed: int
    device: str = "cpu"
    cached: list[dict[str, Tensor]] = field(default_factory=list)  # per forget row
    state: dict[str, Any] = field(default_factory=dict)  # what the method keeps between steps
    refused: tuple[int, list[TokenizedExample]] = (-1, [])  # the epoch, and each forget question with its refusal
    alternatives: list[list[TokenizedExample]] = field(default_factory=list)  # per forget row

    @classmethod
    def build(
        cls,
        prompt_tokenizer: PromptTokenizer,
        split: Split,
        refusals: Sequence[str],
        needs: Sequence[str],
        seed: int,
        device: str,
    ) -> UnlearningRows:
        """Encode only what ``needs`` names."""
        return cls(
            prompt_tokenizer=prompt_tokenizer,
            forget=prompt_tokenizer.encode(question_answer_pairs(split.forget)),
            retain=prompt_tokenizer.encode(question_answer_pairs(split.retain)) if "retain" in needs else [],
            questions=[row.question for row in split.forget],
            refusals=refusals if "refusals" in needs else (),
            samples_alternatives="alternatives" in needs,
            seed=seed,
            device=device,
        )

    def prepare(self, method: Method, models: Models) -> None:
        """Let the method read the frozen models at every forget row, once."""
        by_length = sorted(range(len(self.forget)), key=lambda i: len(self.forget[i].ids))
        answer_tokens = sum(len(row.ids) - max(row.start, 1) for row in self.forget)
        keep = None
        found: list[dict[str, Tensor]] = [{} for _ in self.forget]
        for start in range(0, len(by_length), PREPARE_BATCH):
            rows = by_length[start : start + PREPARE_BATCH]
            tokens = collate([self.forget[i] for i in rows], self.prompt_tokenizer.pad_id, rows).to(self.device)
            counts = torch.bincount(tokens.row, minlength=len(rows)).tolist()
            with torch.no_grad():
                prepared = method.prepare(models, tokens)
            for name, tensor in prepared.items():
                if len(tensor) not in (len(rows), sum(counts)):
                    raise ValueError(
                        f"{type(method).__name__}.prepare returned {name!r} of length {len(tensor)}: it must have one "
                        f"entry a row ({len(rows)}) or one an answer token ({sum(counts)})"
                    )
            if keep is None:
                size = projected_bytes(prepared, {len(rows): len(found), sum(counts): answer_tokens})
                keep = placement(size, self.device, models.reference)
            for name, tensor in prepared.items():
                for i, part in zip(rows, tensor.split(counts if len(tensor) == sum(counts) else 1), strict=True):
                    found[i][name] = keep(part)
        self.cached = found
        if self.samples_alternatives:
            self.alternatives = self._sampled(models.reference, method.alternatives, method.alternative_temperature)

    def _sampled(self, reference: nn.Module, count: int, temperature: float) -> list[list[TokenizedExample]]:
        """For each forget question ``count`` answers of the frozen model, cut where the longest forget answer ends."""
        if not self.forget:
            return []
        longest = max(row.answer_length for row in self.forget)
        # A row's numbers are its own, so its answers hang on the seed and the row alone.
        draws = [np.random.default_rng([self.seed, i, 4]).random((longest, count)).T for i in range(len(self.forget))]
        prompts = [ids for ids in self.prompt_tokenizer.encode_prompts(self.questions) for _ in range(count)]
        eos = self.prompt_tokenizer.eos_id
        answers = generate_sampled(
            reference,
            prompts,
            np.concatenate(draws),
            temperature=temperature,
            eos_ids={eos},
            pad_id=self.prompt_tokenizer.pad_id,
            device=self.device,
        )
        # The tokens themselves are kept: sampled ones may be no text, and would not survive decoding.
        pairs = zip(prompts, answers, strict=True)
        encoded = [TokenizedExample([*prompt, *answer, eos], len(prompt)) for prompt, answer in pairs]
        return [encoded[i : i + count] for i in range(0, len(encoded), count)]

    def draw_paired(self, count: int, epoch: int, purpose: int) -> np.ndarray:
        """[forget rows] numbers in 0..count-1, drawn for this epoch."""
        return np.random.default_rng([self.seed, epoch, purpose]).integers(count, size=len(self.forget))

    def batch(self, rows: list[int], epoch: int, reference: nn.Module | None) -> Batch:
        """The batch of these forget rows."""
        pad = self.prompt_tokenizer.pad_id
        retain = refusal = alternative = None
        if self.retain:
            drawn = self.draw_paired(len(self.retain), epoch, 1)[rows].tolist()
            retain = collate([self.retain[i] for i in drawn], pad, drawn).to(self.device)
        if self.refusals:
            if self.refused[0] != epoch:
                drawn = self.draw_paired(len(self.refusals), epoch, 2)
                pairs = [(q, self.refusals[k]) for q, k in zip(self.questions, drawn, strict=True)]
                self.refused = (epoch, self.prompt_tokenizer.encode(pairs))
            refusal = collate([self.refused[1][i] for i in rows], pad, rows).to(self.device)
        if self.alternatives:
            drawn = self.draw_paired(len(self.alternatives[0]), epoch, 3)
            alternative = collate([self.alternatives[i][drawn[i]] for i in rows], pad, rows).to(self.device)
        names = self.cached[rows[0]] if self.cached else {}
        return Batch(
            forget=collate([self.forget[i] for i in rows], pad, rows).to(self.device),
            retain=retain,
            refusal=refusal,
            alternative=alternative,
            reference=reference,
            epoch=epoch,
            state=self.state,
            cached={n: torch.cat([self.cached[i][n].to(self.device, non_blocking=True) for i in rows]) for n in names},
        )
