"""Sampling: many answers at temperature 1 to each forget question, of which one may state what the likeliest does not.

No top-k, no top-p (leak@k, arXiv 2511.04934; arXiv 2410.03523). The answers are kept; metrics/fact_leak.py looks for the facts
in them. One seed's draws for all models, so that two equal models give equal answers.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from benchmark.attacks.base import Attack, AttackSetup
from benchmark.data.facts import with_key_fact
from benchmark.evaluation.evaluate import eos_ids
from benchmark.evaluation.scores import AnswerScores, SetScores
from benchmark.models.generation import generate_sampled
from methods.base.fields import AT_LEAST_ONE, Limits

SEED = 0
_NOTHING = np.empty(0, dtype=np.float32)
UNREAD = AnswerScores(_NOTHING, _NOTHING.astype(bool), _NOTHING, _NOTHING)


@dataclass(frozen=True)
class Sample(Attack):
    """``samples`` of each question."""

    samples: int = 128

    name = "sample"
    version = 1
    ranges: ClassVar[dict[str, Limits]] = {"samples": AT_LEAST_ONE}

    @property
    def label(self) -> str:
        return self.name

    def attack(self, setup: AttackSetup) -> dict[str, SetScores]:
        rows, tokenizer = setup.sets["forget"], setup.prompt_tokenizer
        prompts = [p for p in tokenizer.encode_prompts([row.question for row in rows]) for _ in range(self.samples)]
        ids = generate_sampled(
            setup.model,
            prompts,
            np.random.default_rng(SEED).random((len(prompts), setup.max_new_tokens)),
            temperature=1.0,
            eos_ids=eos_ids(setup.model, tokenizer),
            pad_id=tokenizer.pad_id,
            device=setup.device,
        )
        texts = tokenizer.decode(ids)
        drawn = [texts[i : i + self.samples] for i in range(0, len(texts), self.samples)]
        bare = [with_key_fact(row) for row in rows]
        unread = {(row.question, row.answer): UNREAD for row in bare}
        return {"samples": replace(SetScores.of_examples(bare, unread, {}), samples=drawn)}
