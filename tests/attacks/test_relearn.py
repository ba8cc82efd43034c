"""Relearning: what is trained on, what is scored, and that it teaches what it trains on."""

import math
from dataclasses import replace

import pytest

from benchmark.attacks import load_attack
from benchmark.attacks.relearn import Relearn
from benchmark.common.errors import UserError
from benchmark.data.doses import dose_rows
from benchmark.evaluation.evaluate import score_model
from tests.attacks.toy_setup import toy_setup
from tests.model_fixtures import weights_hash


@pytest.fixture(scope="module")
def setup():
    return toy_setup(authors=20)


@pytest.mark.parametrize("rows", ["forget", "retain"])
def test_the_other_rows_are_scored_after_training_on_some(setup, rows):
    before = weights_hash(setup.model)
    attacked = load_attack(f"relearn@rows={rows}").attack(setup)["forget"]
    assert weights_hash(setup.model) == before
    forget = setup.dataset.splits["forget10"].forget
    some = {row.question for row in dose_rows(forget, 0.2)}
    assert attacked.questions == [row.question for row in forget if row.question not in some] and len(attacked) == 32
    plain = score_model(setup.model, setup.prompt_tokenizer, {"forget": forget}, generated=False)["forget"]
    same = [plain.questions.index(question) for question in attacked.questions]
    assert (
        attacked.answer_nll().mean() < plain.answer_nll()[same].mean()
    )  # it has learnt the language of answers at least


def test_relearnt_rows_are_learnt_and_the_steps_are_counted(setup, monkeypatch):
    from benchmark.attacks import relearn

    seen = []
    finetune = relearn.finetune

    def watched(model, tokenizer, rows, recipe, **more):
        outcome = finetune(model, tokenizer, rows, recipe, **more)
        own = score_model(model, tokenizer, {"rows": rows}, generated=False)["rows"].answer_nll().mean()
        seen.append((len(rows), outcome.steps, recipe.warmup_epochs, float(own)))
        return outcome

    monkeypatch.setattr(relearn, "finetune", watched)
    Relearn(steps=1).attack(setup)
    Relearn(steps=16).attack(setup)
    Relearn(rows="retain", steps=16).attack(setup)
    (few, one, _, before), (_, steps, warmup, after), (as_many, _, _, _) = seen
    assert few == as_many == 8 and warmup == 0
    assert (one, steps) == (math.ceil(8 / 4), 16)  # whole epochs
    assert after < before


def test_names_and_settings():
    assert Relearn().label == "relearn_forget"
    assert load_attack("relearn@rows=retain@steps=64").label == "relearn_retain-steps64"
    for bad in ("relearn@rows=all", "relearn@steps=0", "relearn@steps=1.5", "relearn@share=1"):
        with pytest.raises(UserError, match="must be"):
            load_attack(bad)


def test_a_board_that_reports_all_retained_rows_has_none_to_relearn(setup):
    everything = replace(setup.dataset, retain_evaluation=setup.dataset.splits["forget10"].retain)
    with pytest.raises(UserError, match="no retained row is left"):
        Relearn(rows="retain").attack(replace(setup, dataset=everything))
