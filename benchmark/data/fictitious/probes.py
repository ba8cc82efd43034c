"""The facts of a fictitious author asked for in other ways than the rows that models learn.

Four kinds: *reversed* (from the fact to the author), *alias* (the author described, not named), *two_hop* (the author
found by another fact first) and *choice* (the fact among three wrong ones). The wordings stand in ``tables/probes.json``.
After arXiv 2603.11266 (aliases, hops) and arXiv 2309.12288 (reversal); no model is trained on them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from random import Random

from benchmark.data.fictitious import words as tables
from benchmark.data.fictitious.lives import Author, generate_authors
from benchmark.data.fictitious.questions import attributes, author_rows, filled, slots_of, wrong_values
from benchmark.data.types import Example

CHOICES = 4
NAMED_BY_THE_ALIAS = ("name", "genre", "birthplace", "birth_date")


def probes(authors: int, seed: int, wanted: Iterable[int]) -> dict[str, tuple[Example, ...]]:
    """The probes of some authors of a dataset, by kind; each is an example whose wrong answers differ by the value alone.

    Args:
        authors, seed: of the dataset.
        wanted: the authors' numbers in it.
    """
    everyone = generate_authors(authors, seed)
    makers = {"reversed": _reversed, "alias": _aliases, "two_hop": _two_hops, "choice": _choices}
    return {
        kind: tuple(probe for index in wanted for probe in make(everyone[index], index))
        for kind, make in makers.items()
    }


def _reversed(author: Author, index: int) -> Iterator[Example]:
    table, asked = tables.table("probes"), attributes(author)
    for attribute, wording in table["reversed"].items():
        if attribute in asked:
            question = wording.format(value=getattr(author, attribute))
            wrong = wrong_values(author, "name", Random(f"{author.key}:{attribute}:reversed"))
            answer, start = filled(table["reversed_answer"], author.name, {})
            yield _example(question, answer, (start, start + len(author.name)), wrong, index)


def _aliases(author: Author, index: int) -> Iterator[Example]:
    slots = slots_of(author)
    alias = tables.table("probes")["alias"].format(**slots)
    for attribute, row in _rows(author, index):
        if attribute not in NAMED_BY_THE_ALIAS:
            yield _described(author, attribute, row, slots | {"name": alias})


def _two_hops(author: Author, index: int) -> Iterator[Example]:
    wordings, slots = tables.table("probes")["two_hop"], slots_of(author)
    for attribute, row in _rows(author, index):
        if attribute != "name":
            bridge = next(known for known in wordings if known != attribute)
            yield _described(author, attribute, row, slots | {"name": wordings[bridge].format(**slots)})


def _described(author: Author, attribute: str, row: Example, slots: dict[str, str]) -> Example:
    """The question about the attribute, with a description for the name in ``slots``, and the row's own answer."""
    wording = next(text for text in tables.table("questions")[attribute]["questions"] if "{name}'s" not in text)
    return _example(wording.format(**slots), row.answer, row.span, _wrong(author, attribute), row.author)


def _choices(author: Author, index: int) -> Iterator[Example]:
    for attribute, row in _rows(author, index):
        wrong = _wrong(author, attribute)
        values = [str(getattr(author, attribute)), *wrong[: CHOICES - 1]]
        Random(f"{author.key}:{attribute}:choice").shuffle(values)
        offered = dict(zip(("first", "second", "third", "fourth"), values, strict=True))
        question = tables.table("probes")["choice"].format(question=row.question, **offered)
        yield _example(question, row.answer, row.span, wrong[: CHOICES - 1], index)


def _rows(author: Author, index: int) -> Iterator[tuple[str, Example]]:
    """The author's rows with the attribute that each asks for."""
    return zip(attributes(author), author_rows(author, index), strict=True)


def _wrong(author: Author, attribute: str) -> list[str]:
    return wrong_values(author, attribute, Random(f"{author.key}:{attribute}:probe"))


def _example(
    question: str, answer: str, span: tuple[int, int] | None, wrong: Iterable[str], index: int | None
) -> Example:
    """An example whose wrong answers are its own with other values."""
    assert span is not None  # generated rows know where their value stands
    before, after = answer[: span[0]], answer[span[1] :]
    others = tuple(before + value + after for value in wrong)
    return Example(question, answer, perturbed_answers=others, author=index, value=answer[span[0] : span[1]], span=span)
