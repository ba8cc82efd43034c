"""Asking in another way: reversed, by alias, over two facts, as a choice, after an agreeable beginning, or two questions at once.

Teacher-forced: a probe is a gold answer and wrong ones that differ from it by the fact alone, and it is answered where
the gold one is the likeliest (metrics/probe_leak.py). A small model's greedy answers would say little: it knows facts that it
does not state when it is asked in words that it has not been trained on. The probes are those of benchmark/data/probes.py; *prefill* puts "Sure, here is the answer:" before the answer
(OpenUnlearning, arXiv 2506.12618, appendix C.3).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from benchmark.attacks.base import Attack, AttackSetup
from benchmark.data.doses import dose_rows
from benchmark.data.probes import as_its_wrong_ones, probes_of
from benchmark.data.types import Example
from benchmark.evaluation.evaluate import score_model
from benchmark.evaluation.scores import SetScores
from benchmark.models.tokenization import PromptTokenizer
from methods.base.fields import AT_LEAST_ONE, Limits

AGREEABLE = "Sure, here is the answer: "


@dataclass(frozen=True)
class Ask(Attack):
    """``rows``: the most probes of a kind, spread evenly over authors."""

    rows: int = 400

    name = "ask"
    version = 1
    ranges: ClassVar[dict[str, Limits]] = {"rows": AT_LEAST_ONE}

    @property
    def label(self) -> str:
        return self.name

    def attack(self, setup: AttackSetup) -> dict[str, SetScores]:
        sets = {kind: self._some(rows) for kind, rows in probes_of(setup.dataset, setup.split).items()}
        own = [as_its_wrong_ones(row) for row in setup.dataset.splits[setup.split].forget if row.perturbed_answers]
        made = setup.forced(setup.model, sets)
        if own:
            prefilled = _Prefilled(setup.prompt_tokenizer.tokenizer, setup.prompt_tokenizer.template)
            some = {"prefill": self._some(own)}
            made |= score_model(setup.model, prefilled, some, generated=False, device=setup.device).sets
        return made

    def _some(self, rows: Sequence[Example]) -> tuple[Example, ...]:
        return dose_rows(rows, min(1.0, self.rows / len(rows)))


class _Prefilled(PromptTokenizer):
    """The same prompts with the beginning of an answer behind them."""

    def prompts(self, questions: Sequence[str]) -> list[str]:
        return [prompt + AGREEABLE for prompt in super().prompts(questions)]
