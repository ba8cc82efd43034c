"""For each forget row the question that asks the same of another, retained, author."""

from __future__ import annotations

import re
from functools import cache
from typing import NamedTuple

from benchmark.common.errors import UserError
from benchmark.data.fictitious.words import table
from benchmark.data.types import Example, Split


class Counterpart(NamedTuple):
    """A retained author's question, and whether it is known to ask the same as the forget row's."""

    question: str
    asks_the_same: bool


def counterparts(split: Split) -> dict[tuple[str, str], Counterpart]:
    """By (question, answer) of each forget row: a question about the author who stands in for its own.

    The retained authors who stand in are spread evenly over all of them; one stands in for all rows of an author. Where
    the question was generated, it is theirs about the same thing (benchmark/data/fictitious/tables/questions.json);
    else, or where they are not asked that, it is the one at the same place among their rows.

    Raises:
        UserError: nobody is retained who is not also to be forgotten.
    """
    forgotten = _rows_by_author(split.forget)
    retained = {author: rows for author, rows in _rows_by_author(split.retain).items() if author not in forgotten}
    if not retained:
        raise UserError(f"{split.name} retains no author to be asked about instead: choose a split that does")
    others = list(retained.values())
    known = {}
    for number, rows in enumerate(forgotten.values()):
        theirs = others[number * len(others) // len(forgotten)]
        for place, row in enumerate(rows):
            known[row.question, row.answer] = _counterpart(row, place, theirs)
    return known


def _rows_by_author(rows: tuple[Example, ...]) -> dict[int | None, list[Example]]:
    by_author: dict[int | None, list[Example]] = {}
    for row in rows:
        by_author.setdefault(row.author, []).append(row)
    return by_author


def _counterpart(row: Example, place: int, theirs: list[Example]) -> Counterpart:
    attribute = attribute_asked(row.question)
    if attribute is not None:
        for other in theirs:
            if attribute_asked(other.question) == attribute:
                return Counterpart(other.question, True)
    return Counterpart(theirs[place % len(theirs)].question, False)


@cache
def attribute_asked(question: str) -> str | None:
    """What a generated question asks for, by its wording ("birth_date"); None for a wording that is not generated."""
    return next((attribute for attribute, wording in _wordings() if wording.fullmatch(question)), None)


@cache
def _wordings() -> list[tuple[str, re.Pattern[str]]]:
    """(attribute, its question with any text in the slots), for all wordings."""
    texts = [(attribute, text) for attribute, entry in table("questions").items() for text in entry["questions"]]
    return [(attribute, re.compile(re.sub(r"\\\{\w+\\\}", ".+", re.escape(text)))) for attribute, text in texts]
