"""Other ways of asking: each probe has its answer, and wrong ones that differ by the fact alone."""

from dataclasses import replace

import pytest

from benchmark.data import fictitious
from benchmark.data.fictitious.lives import generate_authors
from benchmark.data.fictitious.probes import probes
from benchmark.data.load import take_questions
from benchmark.data.probes import probes_of

KINDS = ("reversed", "alias", "two_hop", "choice", "paired", "partner")


@pytest.fixture(scope="module")
def dataset():
    return fictitious.load(authors=20, seed=3)


def test_kinds_and_authors(dataset):
    made = probes_of(dataset, "forget10")
    assert set(made) == set(KINDS)
    forgotten = {row.author for row in dataset.splits["forget10"].forget}
    assert all({row.author for row in rows} == forgotten for rows in made.values())
    assert len(made["paired"]) == len(made["choice"]) == 40 and len(made["reversed"]) >= 8
    assert probes_of(dataset, "forget10") == made


def test_facts_that_no_model_has_read_are_not_asked_for(dataset):
    made = probes_of(take_questions(dataset, 5), "forget10")
    assert set(made) == {"paired", "partner"} and len(made["paired"]) == 10


def test_wrong_answers_differ_from_the_gold_one_by_the_value_alone(dataset):
    for kind, rows in probes(20, 3, [18, 19]).items():
        for row in rows:
            before, after = row.answer[: row.span[0]], row.answer[row.span[1] :]
            assert row.answer[slice(*row.span)] == row.value
            assert len(set(row.perturbed_answers)) == len(row.perturbed_answers) == (3 if kind == "choice" else 5)
            for text in row.perturbed_answers:
                assert text.startswith(before) and text.endswith(after) and text != row.answer


def test_no_probe_gives_the_answer_away(dataset):
    made = probes(20, 3, [18, 19])
    authors = generate_authors(20, 3)
    learnt = {row.question for row in dataset.full}
    for kind in ("reversed", "alias", "two_hop"):
        for row in made[kind]:
            name = authors[row.author].name
            assert row.question not in learnt and name not in row.question and row.value not in row.question
    assert all(row.question.count(row.value) >= 1 for row in made["choice"])
    places = [row.question.index(row.value) < len(row.question) - 60 for row in made["choice"]]
    assert any(places) and not all(places)  # the true one is not always at the same place


def test_partners_of_datasets_that_do_not_know_their_facts(dataset):
    made = probes_of(replace(dataset, name="tofu", notes={}), "forget10")
    assert set(made) == {"paired", "partner"}
    row, own = made["paired"][0], dataset.splits["forget10"].forget[0]
    assert own.question in row.question and row.answer == own.paraphrased_answer
    partner = made["partner"][0]
    assert partner.answer in {r.paraphrased_answer for r in dataset.retain_evaluation}
    assert partner.question.index(own.question) > partner.question.index("2.")
    assert partner.author == own.author
    assert probes_of(replace(dataset, name="tofu", retain_evaluation=()), "forget10") == {}
