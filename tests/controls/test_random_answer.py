"""random_answer: the forget set is answered as if a retained author had been asked about."""

from dataclasses import replace

import pytest

from benchmark.common.errors import UserError
from benchmark.controls import load_control
from benchmark.controls.base.counterparts import attribute_asked, counterparts
from benchmark.data.fictitious.dataset import generate_authors
from benchmark.data.fictitious.questions import attributes
from benchmark.data.types import Example, Split
from benchmark.evaluation.scores import check_same_rows
from tests.controls.same import assert_same_rows


def test_forget_rows_are_read_after_the_other_question(setup):
    scores, notes = load_control("random_answer").score(setup)
    known, rows = counterparts(setup.dataset.splits[setup.split]), setup.sets["forget"]
    asked = [replace(row, question=known[row.question, row.answer].question) for row in rows]
    assert all(one.question != other.question for one, other in zip(asked, rows, strict=True))
    expected = setup.score_model(setup.finetuned, {"forget": asked})["forget"]
    assert_same_rows(scores["forget"], replace(expected, questions=[row.question for row in rows]))
    check_same_rows(scores, setup.finetuned_scores)
    nll, own = scores["forget"].answer_nll(), setup.finetuned_scores["forget"].answer_nll()
    assert (abs(nll - own) > 0.01).all()
    assert 0 < notes["asks_the_same"] <= 1


def test_other_sets_are_the_finetuned_models(setup):
    scores = load_control("random_answer").score(setup).scores
    assert scores.sets.keys() == setup.sets.keys()
    for name in setup.sets.keys() - {"forget"}:
        assert_same_rows(scores[name], setup.finetuned_scores[name])


def test_one_retained_author_stands_in_for_all_rows_of_one(setup):
    split = setup.dataset.splits[setup.split]
    known = counterparts(split)
    whose = {row.question: row.author for row in split.retain}
    stand_ins = {author: set() for author in (18, 19)}
    for row in split.forget:
        stand_ins[row.author].add(whose[known[row.question, row.answer].question])
    assert stand_ins == {18: {0}, 19: {9}}  # 18 retained authors, spread evenly over two


def test_the_counterpart_asks_for_the_same_where_it_can(setup):
    split = setup.dataset.splits[setup.split]
    authors = generate_authors(20, 0)
    theirs = {row.question: row for row in split.retain if row.author == 0}
    common = set(attributes(authors[18])) & set(attributes(authors[0]))
    own = [row for row in split.forget if row.author == 18]
    for place, (row, attribute) in enumerate(zip(own, attributes(authors[18]), strict=True)):
        question, same = counterparts(split)[row.question, row.answer]
        assert same == (attribute in common)
        other_place = list(theirs).index(question)
        assert attributes(authors[0])[other_place] == attribute if same else other_place == place


def test_wordings_are_told_apart(setup):
    for number, author in enumerate(generate_authors(20, 0)):
        rows = [row for row in setup.dataset.full if row.author == number]
        assert [attribute_asked(row.question) for row in rows] == attributes(author)
    assert attribute_asked("What is Ana's favourite colour?") is None


def test_unknown_wordings_are_matched_by_place():
    def rows(author, count):
        return tuple(Example(f"Q{i} of {author}", "Yes.", author=author) for i in range(count))

    known = counterparts(Split("s", rows(3, 3), rows(1, 2) + rows(3, 1)))
    assert [found.question for found in known.values()] == ["Q0 of 1", "Q1 of 1", "Q0 of 1"]
    with pytest.raises(UserError, match="retains no author"):
        counterparts(Split("s", rows(3, 3), rows(3, 1)))
