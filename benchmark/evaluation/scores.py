"""What a model was measured to do on a dataset: the one thing that metrics read.

Scores hold numbers and texts, never a model, so that every metric of a run speaks of the same forward
pass and a new metric needs no GPU. They are stored as one Parquet file beside the run's record.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from typing import Any

import numpy as np

from benchmark.common.errors import UserError
from benchmark.data.types import Example, validation_authors


@dataclass(frozen=True)
class AnswerScores:
    """One answer after its question, token by token; the last token is always the closing EOS.

    All arrays have the answer's length L; ``logprobs`` in nats. ``logprob_mean`` and ``logprob_std`` are mean and
    standard deviation of the vocabulary's log-probabilities under the model's own distribution (min-k++ reads them).
    They are measured and stored for gold answers only; for others they are empty.
    """

    logprobs: np.ndarray  # [L] log p(gold token)
    is_greedy: np.ndarray  # [L] bool: was the gold token the most likely one
    logprob_mean: np.ndarray  # [L] E_v~p[log p(v)]
    logprob_std: np.ndarray  # [L] its standard deviation

    @cached_property  # many metrics of a board read the same answer
    def nll(self) -> float:
        """Negative log-likelihood, nats per token; NaN for an answer without tokens."""
        return float(-np.mean(self.logprobs, dtype=np.float64)) if len(self.logprobs) else float("nan")


@dataclass(frozen=True)
class SetScores:
    """The scores of one evaluation set of n rows, in the dataset's order."""

    answers: list[AnswerScores]  # n: the gold answers
    paraphrases: list[AnswerScores | None]  # n: None where the dataset has no paraphrase
    wrong: list[list[AnswerScores]]  # n lists of perturbed (wrong) answers
    generated: list[str]  # n greedy answers, cut at EOS; empty in the holdout set, whose questions are not asked
    gold: list[str]  # n gold answers, as text
    questions: list[str]
    authors: np.ndarray  # [n] int: rows of one author share a number; -1 for a row that is nobody's
    values: list[str | None] = field(default_factory=list)  # n key facts, None where unknown
    samples: list[list[str]] = field(default_factory=list)  # n lists of sampled answers; [] where nothing was sampled

    @classmethod
    def of_examples(
        cls,
        examples: Sequence[Example],
        scored: Mapping[tuple[str, str], AnswerScores],
        generated: Mapping[str, str],
    ) -> SetScores:
        """The scores of a set's examples.

        Args:
            scored: by (question, answer), for all of the examples' answers: gold, paraphrased and wrong ones.
            generated: greedy answers by question; one that is missing becomes empty.
        """

        def paraphrase(example: Example) -> AnswerScores | None:
            text = example.paraphrased_answer
            return None if text is None else scored[example.question, text]

        return cls(
            answers=[scored[e.question, e.answer] for e in examples],
            paraphrases=[paraphrase(e) for e in examples],
            wrong=[[scored[e.question, text] for text in e.perturbed_answers] for e in examples],
            generated=[generated.get(e.question, "") for e in examples],
            gold=[e.answer for e in examples],
            questions=[e.question for e in examples],
            authors=np.array([-1 if e.author is None else e.author for e in examples], dtype=np.int64),
            values=[e.value for e in examples],
        )

    def __len__(self) -> int:
        return len(self.gold)

    def take(self, chosen: np.ndarray) -> SetScores:
        """The rows where ``chosen`` [n] is True."""
        if chosen.all():
            return self
        keep = np.flatnonzero(chosen).tolist()
        columns = {f.name: getattr(self, f.name) for f in fields(self)}
        lists = {
            name: [column[i] for i in keep] for name, column in columns.items() if column is not self.authors and column
        }
        return replace(self, **lists, authors=self.authors[keep])

    def answer_nll(self) -> np.ndarray:
        """[n] nats per token of the gold answers."""
        return np.array([a.nll for a in self.answers], dtype=np.float64)

    def paraphrase_nll(self) -> np.ndarray:
        """[n] nats per token of the paraphrased answers, NaN where there is none."""
        nan = float("nan")
        return np.array([nan if a is None else a.nll for a in self.paraphrases], dtype=np.float64)

    def wrong_nll(self) -> np.ndarray:
        """[n, W] nats per token of the wrong answers, NaN where a row has fewer than W."""
        width = max((len(row) for row in self.wrong), default=0)
        out = np.full((len(self), width), np.nan)
        for i, row in enumerate(self.wrong):
            out[i, : len(row)] = [a.nll for a in row]
        return out


@dataclass(frozen=True)
class Scores:
    """A model's scores on all evaluation sets, by set name."""

    sets: dict[str, SetScores]
    meta: dict[str, Any] = field(default_factory=dict)  # identity of model, dataset, template, dtype

    def __getitem__(self, name: str) -> SetScores:
        return self.sets[name]

    def __contains__(self, name: str) -> bool:
        return name in self.sets


def of_validation_authors(authors: np.ndarray) -> np.ndarray:
    """[n] bool: rows of the validation authors, on which hyperparameters are chosen.

    Args:
        authors: [n] the author of each row.
    """
    return np.isin(authors, list(validation_authors(authors.tolist())))


def check_same_rows(scores: Scores, reference: Scores, set_name: str = "forget") -> None:
    """Both models must have answered the same questions of a set, in the same order.

    Raises:
        UserError: they did not.
    """
    ours, theirs = scores.sets[set_name], reference.sets.get(set_name)
    same = theirs is not None and list(ours.questions) == list(theirs.questions)
    if not same or list(ours.gold) != list(theirs.gold):
        sizes = f"{len(ours)} and {0 if theirs is None else len(theirs)} rows"
        raise UserError(
            f"a model and one that it is compared with were not scored on the same {set_name} questions "
            f"({sizes}): score both on the same dataset and split, with the same limit"
        )
