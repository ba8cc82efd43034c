"""Relearning: what is trained on, what is scored, and that it teaches what it trains on."""

import copy
import math
from dataclasses import replace

import numpy as np
import pytest

from benchmark.attacks import load_attack, relearn
from benchmark.attacks.relearn import Relearn
from benchmark.common.errors import UserError
from benchmark.data.doses import dose_rows
from benchmark.evaluation.evaluate import score_model
from tests.attacks.toy_setup import toy_setup
from tests.model_fixtures import weights_hash


@pytest.fixture(scope="module")
def setup():
    return toy_setup(authors=20)


@pytest.mark.parametrize("rows", ["forget", "retain", "same_form"])
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
    Relearn(rows="same_form", steps=16).attack(setup)
    (few, one, _, before), (_, steps, warmup, after), (as_many, _, _, _), (others, _, _, _) = seen
    assert few == as_many == others == 8 and warmup == 0
    assert (one, steps) == (math.ceil(8 / 4), 16)  # whole epochs
    assert after < before


def test_the_curve_holds_the_gold_answers_after_powers_of_two_and_the_last_step(setup):
    made = Relearn(steps=6).attack(setup)
    assert list(made) == ["forget", "step1", "step2", "step4", "step6"]
    for name, rows in made.items():
        assert rows.questions == made["forget"].questions and len(rows.answers[0].logprobs)
        assert name == "forget" or not (any(rows.paraphrases) or any(rows.wrong))
    assert made["step6"].answers == made["forget"].answers
    shorter = (
        Relearn(steps=2).attack(setup)["step1"].answer_nll()
    )  # another decay of the rate: equal after one step only
    assert made["step1"].answer_nll() == pytest.approx(shorter, abs=1e-3)
    assert not np.allclose(made["step1"].answer_nll(), made["step4"].answer_nll(), atol=1e-2)


def test_scoring_on_the_way_changes_no_bit_of_training(setup, monkeypatch):
    model = copy.deepcopy(setup.model)
    for layer in model.model.layers:
        layer.self_attn.attention_dropout = 0.2  # training draws random numbers
    noisy = replace(setup, model=model)
    watched = Relearn(steps=6).attack(noisy)["forget"]
    finetune = relearn.finetune
    monkeypatch.setattr(relearn, "finetune", lambda *given, on_step, **more: finetune(*given, **more))
    alone = Relearn(steps=6).attack(noisy)["forget"]
    assert watched.answer_nll().tolist() == alone.answer_nll().tolist()
    assert Relearn(steps=6).attack(setup)["forget"].answer_nll().tolist() != alone.answer_nll().tolist()


def test_names_and_settings():
    assert Relearn().label == "relearn_forget"
    assert load_attack("relearn@rows=retain@steps=64").label == "relearn_retain-steps64"
    for bad in ("relearn@rows=all", "relearn@steps=0", "relearn@steps=1.5", "relearn@share=1"):
        with pytest.raises(UserError, match="must be"):
            load_attack(bad)


def test_a_board_that_reports_all_retained_rows_has_none_to_relearn(setup):
    everything = replace(setup.dataset, retain_evaluation=setup.dataset.splits["forget10"].retain)
    for rows in ("retain", "same_form"):
        with pytest.raises(UserError, match="no retained row is left"):
            Relearn(rows=rows).attack(replace(setup, dataset=everything))
