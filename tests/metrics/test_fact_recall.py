import pytest

import metrics
from benchmark.evaluation.scores import Scores
from metrics.fact_recall import contains
from tests.metrics.factory import make_set


@pytest.mark.parametrize(
    ("text", "fact", "is_in"),
    [
        ("She was born on 31 July 1981 in Rzeszow.", "31 July 1981", True),
        ("born in RZESZOW,  Poland!", "Rzeszow, Poland", True),  # case, punctuation, white space
        ("the book “The Last-Owl\nof the Forest”", "The Last Owl of the Forest", True),
        ("writer of children’s fiction", "Children's Fiction", True),  # the two apostrophes
        ("the ＡＭＢＥＲ prize", "amber prize", True),  # NFKC
        ("Straße", "STRASSE", True),  # case folding, not lower case
        ("a cartoonist", "art", False),  # whole words only
        ("Poland, Rzeszow", "Rzeszow, Poland", False),  # in this order
        ("Rzeszow in Poland", "Rzeszow, Poland", False),  # next to each other
        ("", "nurse", False),
        ("anything", "", False),
        ("any thing", "...", False),
        ("nurse", "nurse", True),
    ],
)
def test_contains(text, fact, is_in):
    assert contains(text, fact) is is_in


def measure(rows, set_name="forget"):
    measured = metrics.measure_all(Scores({set_name: rows}), names=["fact_recall"])
    return measured[f"{set_name}_fact_recall"]


def test_wording_does_not_matter_and_unknown_facts_do_not_count():
    rows = make_set(
        [1.0] * 6,
        generated=["A nurse she was.", "A doctor.", "whatever", "Anna Nowak", "?", "a Nurse"],
        questions=["job?", "job?", "job?", "Who is Anna Nowak?", "job?", "nurse's name?"],
        values=["nurse", "nurse", None, "Anna Nowak", "!?", "a nurse"],
    )
    m = measure(rows)
    assert (m.value, m.n) == (pytest.approx(2 / 3), 3)
    assert m.undefined == {"no known fact": 1, "fact without words": 1, "the question states the fact": 1}
    assert m.per_example[[0, 1, 5]].tolist() == [1.0, 0.0, 1.0]


@pytest.mark.parametrize("values", [None, [None, None]])
def test_datasets_that_know_no_facts(values):
    m = measure(make_set([1.0, 1.0], values=values), "retain")
    assert (m.value, m.undefined) == (None, {"no known fact": 2})


def test_all_and_none():
    assert measure(make_set([1.0] * 2, generated=["in 1999", "1999"], values=["1999"] * 2)).value == 1.0
    assert measure(make_set([1.0] * 2, generated=["in 2001", ""], values=["1999"] * 2)).value == 0.0


def test_generated_dataset_recalls_its_own_gold_answers():
    from benchmark.data import fictitious

    rows = fictitious.load(authors=10).full
    m = measure(
        make_set(
            [1.0] * len(rows),
            generated=[r.answer for r in rows],
            questions=[r.question for r in rows],
            values=[r.value for r in rows],
        )
    )
    assert (m.value, m.undefined) == (1.0, {})
