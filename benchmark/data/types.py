"""What every dataset consists of: examples, the splits to forget, and the dataset itself.

The names follow TOFU (Maini et al. 2024, arXiv 2401.06121): a *forget* set, the *retain* examples beside it, and four
evaluation sets, of which two (real authors, world facts) are never trained on.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property

FORGET_PERCENT = {"forget01": 1, "forget05": 5, "forget10": 10}  # TOFU's splits: the last authors are forgotten
ROWS_PER_AUTHOR = 20


@dataclass(frozen=True, slots=True)
class Example:
    """One question and its answer, with what evaluation needs beside them; also called a row of its dataset.

    ``value`` is the fact that the answer states (a date, a title, a name), and ``span`` says where:
    ``answer[span[0]:span[1]] == value``. Datasets that do not know their facts leave both None.
    """

    question: str
    answer: str
    paraphrased_question: str | None = None
    paraphrased_answer: str | None = None
    perturbed_answers: tuple[str, ...] = ()
    author: int | None = None  # examples of one author are not independent: intervals resample authors
    value: str | None = None
    span: tuple[int, int] | None = None


def question_answer_pairs(rows: Iterable[Example]) -> list[tuple[str, str]]:
    """(question, answer) of every row."""
    return [(row.question, row.answer) for row in rows]


def gold_alone(rows: Iterable[Example]) -> tuple[Example, ...]:
    """The rows without paraphrases and wrong answers, where only gold answers are scored."""
    return tuple(replace(row, paraphrased_answer=None, perturbed_answers=()) for row in rows)


def validation_authors(authors: Iterable[int | None]) -> set[int | None]:
    """The first half of these authors by number, at least one: hyperparameters are chosen on their rows.

    The others, the test authors, stay unseen until a board reports them.
    """
    distinct = sorted(set(authors), key=lambda author: -1 if author is None else author)
    return set(distinct[: max(1, len(distinct) // 2)])


@dataclass(frozen=True)
class Split:
    """One request to forget: the examples that are to go, and those that are to stay."""

    name: str
    forget: tuple[Example, ...]
    retain: tuple[Example, ...]


@dataclass(frozen=True)
class Dataset:
    """All the data that a board is made from, as tuples of examples.

    ``full`` is what the fine-tuned model is trained on; each split divides it into forget and retain.
    ``retain_evaluation`` is the part of the retained examples that is scored, the same in each split.
    ``holdout`` holds examples of the same kind that no model has seen (membership inference needs them).
    ``pretraining`` teaches the embedded tiny model the language, with examples about nobody in ``full``.
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
        """The examples of the evaluation sets, by set name, for one split.

        Where the dataset has held-out examples, ``holdout`` is a fifth set, as large as the forget set. Only its gold
        answers count, so it comes without paraphrases and wrong answers.
        """
        forget = self.splits[split].forget
        holdout = gold_alone(self.holdout[: len(forget)])
        sets = {
            "forget": forget,
            "retain": self.retain_evaluation,
            "real_authors": self.real_authors,
            "world_facts": self.world_facts,
        }
        return sets | ({"holdout": holdout} if holdout else {})

    def retain_validation(self) -> tuple[Example, ...]:
        """Retained rows that no board reports, at most as many as are reported: hyperparameters are chosen on them.

        Their authors are retained in every split and have no row in ``retain_evaluation``.
        """
        reported = {row.author for row in self.retain_evaluation}
        forgotten = {row.author for split in self.splits.values() for row in split.forget}
        rows = [row for row in self.full if row.author not in reported | forgotten]
        return tuple(rows[: len(self.retain_evaluation)])

    def validation(self, split: str) -> dict[str, tuple[Example, ...]]:
        """The rows that a choice of hyperparameters may read: of the forgotten those of the validation authors."""
        forget = self.splits[split].forget
        chosen = validation_authors(row.author for row in forget)
        return {
            "forget": tuple(row for row in forget if row.author in chosen),
            "retain_validation": self.retain_validation(),
            "real_authors": self.real_authors,
            "world_facts": self.world_facts,
        }

    @cached_property
    def identity(self) -> str:
        """Hash of the contents: the same data have the same identity, wherever they come from."""
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
