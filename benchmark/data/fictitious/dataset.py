"""The embedded dataset: authors who never lived, in TOFU's shape (Maini et al. 2024, arXiv 2401.06121).

Nothing is downloaded: the same arguments give the same text everywhere. Since every fact is generated,
each example knows its key value, and there can be as many authors of the same kind as held-out examples and the
embedded model's pretraining need.
"""

from __future__ import annotations

from dataclasses import replace

from benchmark.common.errors import UserError
from benchmark.data.fictitious.lives import MOST_AUTHORS, Author, generate_authors
from benchmark.data.fictitious.questions import author_rows
from benchmark.data.fictitious.words import table
from benchmark.data.types import FORGET_PERCENT, Dataset, Example, Split

__all__ = ["Author", "author_rows", "generate_authors", "load", "pretraining_rows", "refusals"]

PRETRAINING_AUTHORS = 2_000_000  # the number of the first, past a dataset's own and its held-out ones


def load(authors: int = 200, seed: int = 0, holdout: int = 0, pretraining: int = 0) -> Dataset:
    """The dataset of ``authors`` to learn, ``holdout`` that nobody learns and ``pretraining`` for language.

    All are drawn from one sequence, so that no name or book title is in two parts. Splits forget01,
    forget05 and forget10 forget the last 1, 5 and 10 % of the authors (at least one). Pretraining authors
    have each question twice, in both wordings. Raises UserError where a number makes no dataset.
    """
    if authors < 2:
        raise UserError(f"authors={authors} leaves nobody to retain beside the forgotten one: use 2 or more")
    if holdout < 0 or pretraining < 0:
        raise UserError(f"holdout={holdout}, pretraining={pretraining}: use 0 or more authors")
    everyone = authors + holdout + pretraining
    if everyone > MOST_AUTHORS:
        raise UserError(f"{everyone} authors are too many: lower the three numbers to {MOST_AUTHORS} in all")

    rows = [author_rows(author, index) for index, author in enumerate(generate_authors(everyone, seed))]
    learnt, unseen, earlier = rows[:authors], rows[authors : authors + holdout], rows[authors + holdout :]
    return Dataset(
        name="fictitious",
        full=_flat(learnt),
        splits={name: _split(learnt, name, percent) for name, percent in FORGET_PERCENT.items()},
        retain_evaluation=_flat(learnt[: max(1, min(20, round(authors / 10)))]),
        real_authors=_facts("real_authors"),
        world_facts=_facts("world_facts"),
        refusals=refusals(),
        holdout=_flat(unseen),
        pretraining=_in_both_wordings(earlier),
        notes={"authors": str(authors), "seed": str(seed)},
    )


def pretraining_rows(authors: int, seed: int = 0) -> tuple[Example, ...]:
    """Examples about the first ``authors`` of a seed, in both wordings, for a dataset of other authors.

    The authors are numbered past all of that dataset's. Raises UserError where there are not so many.
    """
    rows = [author_rows(author, PRETRAINING_AUTHORS + i) for i, author in enumerate(generate_authors(authors, seed))]
    return _in_both_wordings(rows)


def refusals() -> tuple[str, ...]:
    """Sentences that decline to answer, for methods that train on them."""
    return tuple(table("refusals"))


def _in_both_wordings(rows: list[list[Example]]) -> tuple[Example, ...]:
    return tuple(wording for row in _flat(rows) for wording in (row, _reworded(row)))


def _flat(rows: list[list[Example]]) -> tuple[Example, ...]:
    return tuple(row for author in rows for row in author)


def _split(learnt: list[list[Example]], name: str, percent: int) -> Split:
    """TOFU's convention: the last authors are the ones to forget."""
    kept = len(learnt) - max(1, round(len(learnt) * percent / 100))
    return Split(name=name, forget=_flat(learnt[kept:]), retain=_flat(learnt[:kept]))


def _reworded(row: Example) -> Example:
    """The row's other wording; pretraining does not need to know where the value stands in it."""
    return replace(
        row,
        question=row.paraphrased_question,
        answer=row.paraphrased_answer,
        paraphrased_question=row.question,
        paraphrased_answer=row.answer,
        perturbed_answers=(),
        value=None,
        span=None,
    )


def _facts(name: str) -> tuple[Example, ...]:
    """The examples of ``tables/<name>.json``: questions about the real world with three wrong answers each."""
    return tuple(
        Example(entry["question"], entry["answer"], perturbed_answers=tuple(entry["perturbed_answer"]))
        for entry in table(name)
    )
