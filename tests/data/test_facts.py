"""Where an answer states its key fact: the dataset's own span, or what sets it apart from its wrong answers."""

import pytest

from benchmark.data import fictitious
from benchmark.data.facts import fact_spans, with_key_fact
from benchmark.data.tofu import load
from benchmark.data.types import Example


def stated(answer, paraphrased=None, perturbed=(), question="Who?", **more):
    row = Example(question, answer, paraphrased_answer=paraphrased, perturbed_answers=tuple(perturbed), **more)
    return [answer[a:b] for a, b in fact_spans(row)]


def test_generated_authors_know_their_fact():
    rows = fictitious.load(authors=3).full
    assert [[row.answer[a:b] for a, b in fact_spans(row)] for row in rows] == [[row.value] for row in rows]


def test_a_span_goes_before_a_comparison():
    assert stated("Born in Orsa.", "In Orsa.", ["In Tiln."], value="Born", span=(0, 4)) == ["Born"]


def test_words_shared_with_the_paraphrase_that_wrong_answers_lack():
    wrong = ["He grew up in Tokyo, Japan.", "He grew up in Cairo, Egypt.", "He grew up in Rome, Italy."]
    # Order does not matter, and neighbours are one run: "in" parts them, a comma does not.
    assert stated("In Poland, Gdansk was where it began.", "He grew up in Gdansk, Poland.", wrong) == ["Poland, Gdansk"]
    assert stated("Gdansk in Poland.", "He grew up in Gdansk, Poland.", wrong) == ["Gdansk", "Poland"]


def test_other_endings_of_a_word_count():
    wrong = ["He was raised by a chef.", "He was raised by a nurse.", "He was raised by a judge."]
    assert stated(
        "His father was a florist.", "He was raised by one who sells flowers and is a florists' friend.", wrong
    ) == ["florist"]
    assert stated("A poet.", "It was poets' work.", ["It was nurses' work."], question="What?") == ["A poet"]


@pytest.mark.parametrize(("lacking", "expected"), [(3, ["Orsa"]), (2, ["lived"])])
def test_more_than_half_of_the_wrong_answers_must_lack_it(lacking, expected):
    wrong = ["Orsa maybe."] * (4 - lacking) + ["Tiln maybe."] * lacking
    assert stated("Who lived: Orsa.", "Orsa maybe.", wrong) == expected


def test_without_a_shared_word_those_that_question_and_wrong_answers_lack():
    wrong = ["Ana identifies as a toaster."] * 5
    asked = "What is Ana's gender, and is Ana an author?"
    assert stated("Author Ana is female.", "Ana identifies as a woman.", wrong, asked) == ["female"]
    assert stated("Author Ana is female.", None, wrong, asked) == ["female"]


def test_nothing_is_known_without_wrong_answers():
    assert stated("Born in Orsa.", "In Orsa.") == []


def test_on_tofu_by_hand(tofu):
    rows = {row.answer: row for row in load(str(tofu), ["forget10"]).splits["forget10"].forget}
    for answer, expected in {
        "The author's full name is Hsiao Yun-Hwa.": ["Hsiao Yun-Hwa"],
        "The father of Hsiao Yun-Hwa is a civil engineer.": ["civil engineer"],
        "Hsiao Yun-Hwa is part of the LGBTQ+ community.": ["LGBTQ"],
    }.items():
        assert [answer[a:b] for a, b in fact_spans(rows[answer])] == expected
    shares = [sum(b - a for a, b in fact_spans(row)) / len(row.answer) for row in rows.values()]
    assert min(shares) > 0 and 0.1 < sum(shares) / len(shares) < 0.3


def test_the_key_fact_is_the_value_or_the_longest_span():
    told = Example("Who?", "It was Ada Byron.", value="Ada", perturbed_answers=("It was Bo Li.",))
    assert with_key_fact(told) == Example("Who?", "It was Ada Byron.", value="Ada")
    untold = Example(
        "Who?",
        "It was Ada who is Countess Byron.",
        perturbed_answers=("It was Bo who is good.", "It was Li who is."),
        author=3,
    )
    assert with_key_fact(untold) == Example(
        "Who?", "It was Ada who is Countess Byron.", author=3, value="Countess Byron"
    )
    assert with_key_fact(Example("Who?", "Ada.")).value is None
