"""The batches that a method's loss sees: forget rows, and what comes with each of them, encoded once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from benchmark.data.facts import fact_spans
from benchmark.data.types import Example, Split, question_answer_pairs
from benchmark.models.forward import collate
from benchmark.models.tokenization import PromptTokenizer, TokenizedExample
from benchmark.training.alternatives import sampled_alternatives
from benchmark.training.live_samples import LiveSampler
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
    pairs: list[tuple[str, str]]  # question and answer of the forget rows
    refusals: Sequence[str]  # empty unless needed
    fixes_refusal: bool
    samples_alternatives: bool
    prompts: list[list[int]]  # of the forget rows, where answers are sampled while training; else empty
    facts: list[Tensor]  # of each forget row which answer tokens are of the fact [N] bool; empty unless needed
    seed: int
    device: str = "cpu"
    cached: list[dict[str, Tensor]] = field(default_factory=list)  # per forget row
    state: dict[str, Any] = field(default_factory=dict)  # what the method keeps between steps
    refused: tuple[int, list[TokenizedExample]] = (-1, [])  # the epoch, and each forget question with its refusal
    fixed_refusal: list[TokenizedExample] = field(default_factory=list)  # each forget question with the method's own
    alternatives: list[list[TokenizedExample]] = field(default_factory=list)  # per forget row
    notes: dict[str, float] = field(default_factory=dict)  # what a record should say of them

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
        pairs = question_answer_pairs(split.forget)
        return cls(
            prompt_tokenizer=prompt_tokenizer,
            forget=prompt_tokenizer.encode(pairs),
            retain=prompt_tokenizer.encode(question_answer_pairs(split.retain)) if "retain" in needs else [],
            pairs=pairs,
            refusals=refusals if "refusals" in needs else (),
            fixes_refusal="fixed_refusal" in needs,
            samples_alternatives="alternatives" in needs,
            prompts=prompt_tokenizer.encode_prompts([q for q, _ in pairs]) if "samples" in needs else [],
            facts=fact_tokens(prompt_tokenizer, split.forget) if "facts" in needs else [],
            seed=seed,
            device=device,
        )

    def prepare(self, method: Method, models: Models) -> None:
        """Let the method read the frozen models at every forget row, once."""
        by_length = sorted(range(len(self.forget)), key=lambda i: len(self.forget[i].ids))
        answer_tokens = sum(len(row.ids) - max(row.start, 1) for row in self.forget)
        keep = None
        of_row: list[dict[str, Tensor]] = [{} for _ in self.forget]
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
                size = projected_bytes(prepared, {len(rows): len(of_row), sum(counts): answer_tokens})
                keep = placement(size, self.device, models.reference)
            for name, tensor in prepared.items():
                for i, part in zip(rows, tensor.split(counts if len(tensor) == sum(counts) else 1), strict=True):
                    of_row[i][name] = keep(part)
        self.cached = of_row
        if self.samples_alternatives:
            self.alternatives, notes = sampled_alternatives(
                models.reference,
                self.prompt_tokenizer,
                self.pairs,
                count=method.alternatives,
                temperature=method.alternative_temperature,
                instruction=method.instruction,
                longest=max((row.answer_length for row in self.forget), default=0),
                seed=self.seed,
                device=self.device,
            )
            self.notes |= notes
        if self.fixes_refusal:
            self.fixed_refusal = self.prompt_tokenizer.encode([(q, method.refusal) for q, _ in self.pairs])

    def draw_paired(self, count: int, epoch: int, purpose: int) -> np.ndarray:
        """[forget rows] numbers in 0..count-1, drawn for this epoch."""
        return np.random.default_rng([self.seed, epoch, purpose]).integers(count, size=len(self.forget))

    def batch(self, rows: list[int], epoch: int, reference: nn.Module | None) -> Batch:
        """The batch of these forget rows."""
        pad = self.prompt_tokenizer.pad_id
        retain = refusal = fixed_refusal = alternative = None
        if self.retain:
            drawn = self.draw_paired(len(self.retain), epoch, 1)[rows].tolist()
            retain = collate([self.retain[i] for i in drawn], pad, drawn).to(self.device)
        if self.refusals:
            if self.refused[0] != epoch:
                drawn = self.draw_paired(len(self.refusals), epoch, 2)
                pairs = [(q, self.refusals[k]) for (q, _), k in zip(self.pairs, drawn, strict=True)]
                self.refused = (epoch, self.prompt_tokenizer.encode(pairs))
            refusal = collate([self.refused[1][i] for i in rows], pad, rows).to(self.device)
        if self.fixed_refusal:
            fixed_refusal = collate([self.fixed_refusal[i] for i in rows], pad, rows).to(self.device)
        if self.alternatives:
            drawn = self.draw_paired(len(self.alternatives[0]), epoch, 3)
            alternative = collate([self.alternatives[i][drawn[i]] for i in rows], pad, rows).to(self.device)
        sampler = self._sampler(rows, epoch) if self.prompts else None
        fact = torch.cat([self.facts[i] for i in rows]).to(self.device) if self.facts else None
        names = self.cached[rows[0]] if self.cached else {}
        return Batch(
            forget=collate([self.forget[i] for i in rows], pad, rows).to(self.device),
            retain=retain,
            refusal=refusal,
            fixed_refusal=fixed_refusal,
            alternative=alternative,
            sampler=sampler,
            fact=fact,
            reference=reference,
            epoch=epoch,
            state=self.state,
            cached={n: torch.cat([self.cached[i][n].to(self.device, non_blocking=True) for i in rows]) for n in names},
        )

    def _sampler(self, rows: list[int], epoch: int) -> LiveSampler:
        return LiveSampler(
            prompt_tokenizer=self.prompt_tokenizer,
            prompts=[self.prompts[i] for i in rows],
            numbers=rows,
            longest=max(row.answer_length for row in self.forget),
            seed=self.seed,
            epoch=epoch,
            device=self.device,
        )


def fact_tokens(prompt_tokenizer: PromptTokenizer, rows: Sequence[Example]) -> list[Tensor]:
    """Of each row [N] bool: which answer tokens state its key fact.

    Where no token does, or the fact is not known (``benchmark.data.facts``), it is the whole answer but EOS.
    """
    pairs = question_answer_pairs(rows)
    marks = prompt_tokenizer.overlapping(pairs, [fact_spans(row) for row in rows])
    out = []
    for marked, one in zip(marks, prompt_tokenizer.encode(pairs), strict=True):
        whole = [True] * (len(marked) - 1) + [False]
        # Nothing predicts a sequence's first token, so ``collate`` leaves it out.
        out.append(torch.tensor((marked if any(marked) else whole)[max(1 - one.start, 0) :], dtype=torch.bool))
    return out
