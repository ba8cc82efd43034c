"""Questions of the same form: the distance against a plain loop, names taken out, other authors' rows of the same template."""

import random

import pytest

from benchmark.data import fictitious
from benchmark.data.fictitious.lives import generate_authors
from benchmark.data.fictitious.questions import attributes
from benchmark.data.similar_questions import most_similar, name_words, similarities
from benchmark.data.types import Example


def distance(a, b):
    """Levenshtein's, by its recursion over the ends."""
    known = {}

    def of_ends(i, j):
        if not i or not j:
            return i + j
        if (i, j) not in known:
            replaced = of_ends(i - 1, j - 1) + (a[i - 1] != b[j - 1])
            known[i, j] = min(replaced, of_ends(i - 1, j) + 1, of_ends(i, j - 1) + 1)
        return known[i, j]

    return of_ends(len(a), len(b))


def test_similarity_by_a_plain_recursion():
    rng = random.Random(0)
    texts = ["", "kitten", *("".join(rng.choices("abc ", k=rng.randrange(12))) for _ in range(30))]
    for text in ("sitting", "", "ab ca"):
        expected = [1 - distance(text, other) / max(len(text), len(other), 1) for other in texts]
        assert similarities(text, texts).tolist() == pytest.approx(expected)
    assert similarities("sitting", ["kitten"])[0] == pytest.approx(1 - 3 / 7)


def test_names_are_told_from_other_words():
    dataset = fictitious.load(authors=10)
    found_words = name_words(dataset.full)
    for number, author in enumerate(generate_authors(10, 0)):
        assert set(author.name.replace("-", " ").split()) <= found_words[number]
        assert not {"What", "the", "born"} & found_words[number]


def test_other_authors_questions_of_the_same_template():
    authors = 20
    dataset = fictitious.load(authors=authors)
    asked = {row: name for i, author in enumerate(generate_authors(authors, 0))
             for row, name in zip((r for r in dataset.full if r.author == i), attributes(author), strict=True)}  # fmt: skip
    split = dataset.splits["forget10"]
    chosen = most_similar(split.forget[::3], split.retain, dataset.full)
    same = [asked[a] == asked[b] for a, b in zip(split.forget[::3], chosen, strict=True)]
    assert sum(same) >= 0.9 * len(same) and len(set(chosen)) == len(chosen)
    assert len({row.author for row in chosen}) > len(chosen) / 2  # spread over authors


def test_each_candidate_is_taken_once_and_they_may_run_out():
    rows = [Example(f"Where does {name} live?", "Here.", author=i) for i, name in enumerate(("Ana", "Bob", "Cy"))]
    target = Example("Where does Boo live?", "There.", author=9)
    assert most_similar((target,) * 3, tuple(rows[:2]), tuple(rows)) == (rows[1], rows[0])  # nearest in letters first
