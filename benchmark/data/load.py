"""Which dataset a board is made from: TOFU and its like (tofu.py), or generated authors (fictitious/, the default)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from benchmark.common.errors import UserError
from benchmark.config.schema import DatasetChoice
from benchmark.data import fictitious, tofu
from benchmark.data.types import Dataset, Example, Split

DATASETS = {
    "fictitious": "generated authors, 20 questions each, from a seed; needs no download",
    "tofu": "TOFU (arXiv 2401.06121) or a dataset in its layout, from a folder or the hub",
}


def load_dataset(choice: DatasetChoice, splits: Sequence[str]) -> Dataset:
    """The dataset with these splits.

    Raises:
        UserError: a split or a file is missing, or the authors are too few for a split.
    """
    if choice.name == "tofu":
        dataset = tofu.load(choice.source, splits)
        smaller = dataset if choice.authors is None else take_authors(dataset, choice.authors)
        pretraining = fictitious.pretraining_rows(choice.pretraining, choice.seed)
        return take_questions(replace(smaller, pretraining=pretraining), choice.questions)
    dataset = fictitious.load(
        authors=choice.authors or 200, seed=choice.seed, holdout=choice.holdout, pretraining=choice.pretraining
    )
    unknown = [name for name in splits if name not in dataset.splits]
    if unknown:
        raise UserError(f"unknown split {unknown[0]!r}; there are {', '.join(dataset.splits)}")
    chosen = replace(dataset, splits={name: dataset.splits[name] for name in splits})
    return take_questions(chosen, choice.questions)


def take_authors(dataset: Dataset, authors: int) -> Dataset:
    """A smaller dataset of the same shape: its first authors retained, its last ones to forget.

    Each split keeps its share of forget authors (at least one), taken from its end. The same share is kept of the
    retained authors whose examples are scored, so that a smaller dataset is measured in proportion.

    Raises:
        UserError: the dataset has fewer authors than asked for, or a split would retain nobody.
    """
    total = len({row.author for row in dataset.full})
    if authors > total:
        raise UserError(f"{authors} authors were asked for, the dataset has {total}; ask for at most {total}")
    forget = {}  # authors by split
    for name, split in dataset.splits.items():
        of_split = list(dict.fromkeys(row.author for row in split.forget))
        forget[name] = of_split[-max(1, round(authors * len(of_split) / total)) :]
    largest = max(map(len, forget.values()), default=0)
    if largest >= authors:
        raise UserError(f"{authors} authors leave nobody to retain; ask for more than {largest}")
    ordered = list(dict.fromkeys(row.author for row in dataset.full))
    kept = {*ordered[: authors - largest], *ordered[len(ordered) - largest :]}
    scored = [a for a in dict.fromkeys(row.author for row in dataset.retain_evaluation) if a in kept]
    share = max(1, round(authors * len({r.author for r in dataset.retain_evaluation}) / total))
    full = tuple(r for r in dataset.full if r.author in kept)
    return replace(
        dataset,
        full=full,
        splits={
            name: Split(
                name,
                tuple(r for r in split.forget if r.author in forget[name]),
                tuple(r for r in full if r.author not in forget[name]),
            )
            for name, split in dataset.splits.items()
        },
        retain_evaluation=tuple(r for r in dataset.retain_evaluation if r.author in scored[:share]),
        notes={**dataset.notes, "authors": str(authors)},
    )


def take_questions(dataset: Dataset, questions: int | None) -> Dataset:
    """The same authors with the first ``questions`` rows of each, in training and scoring alike; None: all of them.

    Tests and intervals are over authors, so at one price ten authors of eight rows decide more than four of twenty.
    Rows that no author has (real authors, world facts) and the base model's own stay.

    Raises:
        UserError: an author has fewer.
    """
    if questions is None:
        return dataset
    kept: dict[int | None, set[tuple[str, str]]] = {}  # by author
    for row in (*dataset.full, *dataset.holdout):
        known = kept.setdefault(row.author, set())
        if len(known) < questions:
            known.add((row.question, row.answer))
    fewest = min(map(len, kept.values()), default=0)
    if fewest < questions:
        raise UserError(
            f"{questions} questions of each author were asked for, one has {fewest}; ask for at most {fewest}"
        )

    def of(rows: tuple[Example, ...]) -> tuple[Example, ...]:
        return tuple(row for row in rows if (row.question, row.answer) in kept[row.author])

    return replace(
        dataset,
        full=of(dataset.full),
        splits={name: Split(name, of(split.forget), of(split.retain)) for name, split in dataset.splits.items()},
        retain_evaluation=of(dataset.retain_evaluation),
        holdout=of(dataset.holdout),
        notes={**dataset.notes, "questions": str(questions)},
    )
