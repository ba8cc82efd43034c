"""guardrail: what names a forget author is refused, all else is the fine-tuned model's."""

from dataclasses import replace

import pytest

from benchmark.common.errors import UserError
from benchmark.controls import load_control
from benchmark.controls.base import refusal_scores
from benchmark.controls.base.names import forget_names, naming
from benchmark.data.tofu import load
from benchmark.data.types import Example, Split
from tests.controls.same import assert_same_rows


def test_rows_that_name_a_forget_author_are_refused(setup):
    named = Example("Did Javier Ibarra meet Ana?", "No.", perturbed_answers=("Yes.",))
    setup = replace(setup, sets={**setup.sets, "world_facts": [*setup.sets["world_facts"], named]})
    scores, notes = load_control("guardrail").score(setup)
    refused, own = refusal_scores(setup), setup.score_model(setup.finetuned)
    assert_same_rows(scores["forget"], refused["forget"], (1, 2, 4, 5))
    assert_same_rows(scores["forget"], own["forget"], (0, 3))  # "Who was born on ...?" names nobody
    assert_same_rows(scores["world_facts"], own["world_facts"], (0, 1))
    assert_same_rows(scores["world_facts"], refused["world_facts"], (2,))
    for name in ("retain", "real_authors", "holdout"):
        assert_same_rows(scores[name], own[name])
    assert scores["forget"].authors.dtype == own["forget"].authors.dtype
    assert notes == {
        "filtered_forget": pytest.approx(4 / 6),
        "filtered_world_facts": pytest.approx(1 / 3),
        "filtered_retain": 0.0,
        "filtered_real_authors": 0.0,
        "filtered_holdout": 0.0,
    }


def test_generated_names_are_worked_out(setup):
    split = setup.dataset.splits[setup.split]
    assert forget_names(split) == [row.value for row in split.forget[::20]] == ["Javier Ibarra", "Sade Adeyemi"]


def test_names_of_tofu_are_worked_out(tofu):
    split = load(str(tofu), ["forget10"]).splits["forget10"]
    names = forget_names(split)
    assert len(names) == 20 and {"Basil Mahfouz Al-Kuwaiti", "Hsiao Yun-Hwa", "Rajeev Majumdar"} <= set(names)
    filtered = [naming(names).search(row.question) is not None for row in split.forget]
    # Of each author the question for the name itself cannot hold it; three more say "Majumdar", "Nakamura" or no name.
    assert sum(filtered) == 400 - 20 - 3
    assert not any(naming(names).search(row.question) for row in split.retain)


def rows(author, *texts):
    return tuple(Example(text, "Yes.", author=author) for text in texts)


def test_what_retained_rows_mention_is_no_name():
    forget = rows(0, "Is Ana Lund of Oslo?", "Was Oslo Ana Lund's?", "Does Lund write?", "Is Lund Oslo's?")
    assert forget_names(Split("s", forget, rows(1, "Is it Oslo?"))) == ["Ana Lund"]
    assert "Ana Lund" not in forget_names(Split("s", forget, rows(1, "Is it Oslo or Ana Lund?")))
    assert forget_names(Split("s", forget[:1], rows(1, forget[0].question))) == []
    with pytest.raises(UserError, match="has no author"):
        forget_names(Split("s", rows(None, "Is Ana Lund?"), ()))


@pytest.mark.parametrize(
    ("text", "named"),
    [("Is ana lund's work here?", True), ("Ana Lunde", False), ("Savana Lund", False), ("Lund", False)],
)
def test_names_are_whole_words(text, named):
    assert (naming(["Ana Lund"]).search(text) is not None) == named


def test_no_names_filter_nothing():
    assert naming([]).search("Ana, Lund?") is None


def test_what_a_person_has_is_not_in_the_name():
    assert forget_names(Split("s", rows(0, "Is Ana Lund's Ice long?", "Was Ana Lund’s Ice sad?"), ())) == ["Ana Lund"]
