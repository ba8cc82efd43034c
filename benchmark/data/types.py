"""The shapes that every dataset has: rows, splits and the dataset itself.

The names follow TOFU (Maini et al. 2024, arXiv 2401.06121): a *forget* set, the *retain* rows beside
it, and four evaluation sets, of which two (real authors, world facts) are never trained on.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property

EVALUATION_SETS = ("forget", "retain", "real_authors", "world_facts")


FORGET_PERCENT = {"forget01": 1, "forget05": 5, "forget10": 10}  # TOFU's splits: the last authors are forgotten
ROWS_PER_AUTHOR = 20


@dataclass(frozen=True, slots=True)
class Example:
    """One question and its answer, with what evaluation needs beside them.

    ``value`` is the fact that the answer states (a date, a title, a name) and ``span`` where it stands:
    ``answer[span[0]:span[1]] == value``; datasets that do not know their facts leave both None.
    """

    question: str
    answer: str
    paraphrased_question: str | None = None
    paraphrased_answer: str | None = None
    perturbed_answers: tuple[str, ...] = ()
    author: int | None = None  # rows of one author are not independent: intervals resample authors
    value: str | None = None
    span: tuple[int, int] | None = None


def question_answer_pairs(rows: Iterable[Example]) -> list[tuple[str, str]]:
    """(question, answer) of every row."""
    return [(row.question, row.answer) for row in rows]


@dataclass(frozen=True)
class Split:
    """One request to forget: what is to go, and what is to stay."""

    name: str
    forget: tuple[Example, ...]
    retain: tuple[Example, ...]


@dataclass(frozen=True)
class Dataset:
    """Everything that a board reads of its data.

    ``full`` is what the fine-tuned model is trained on; every split divides it into forget and retain.
    ``retain_evaluation`` is the part of the retain rows (of every split) that is scored.
    ``holdout`` are rows of the same kind that no model has seen (membership inference needs them).
    ``pretraining`` are rows that teach the embedded tiny model the language, about nobody in ``full``.
    """

    name: str
    full: tuple[Example, ...]
    splits: dict[str, Split]
    retain_evaluation: tuple[Example, ...]
    real_authors: tuple[Example, ...]
    world_facts: tuple[Example, ...]
    refusals: tuple[str, ...]
    holdout: tuple[Example, ...] = ()
    pretraining: tuple[Example, ...] = ()
    notes: dict[str, str] = field(default_factory=dict)

    def evaluation(self, split: str) -> dict[str, tuple[Example, ...]]:
        """The rows of the evaluation sets, by set name, for one split.

        Where the dataset has held-out rows, ``holdout`` is a fifth set, as large as the forget set; only its
        gold answers count, so it comes without paraphrases and wrong answers.
        """
        forget = self.splits[split].forget
        holdout = [replace(r, paraphrased_answer=None, perturbed_answers=()) for r in self.holdout[: len(forget)]]
        sets = {
            "forget": forget,
            "retain": self.retain_evaluation,
            "real_authors": self.real_authors,
            "world_facts": self.world_facts,
        }
        return sets | ({"holdout": tuple(holdout)} if holdout else {})

    @cached_property
    def identity(self) -> str:
        """Hash of the contents: the same data give the same identity, wherever they came from."""
        parts = {
            "full": [asdict(r) for r in self.full],
            "splits": {n: [len(s.forget), len(s.retain)] for n, s in sorted(self.splits.items())},
            "forget": {n: [r.question for r in s.forget] for n, s in sorted(self.splits.items())},
            "evaluation": [
                [asdict(r) for r in rows]
                for rows in (self.retain_evaluation, self.real_authors, self.world_facts, self.holdout)
            ],
            "pretraining": [asdict(r) for r in self.pretraining],
            "refusals": self.refusals,
        }
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]
