"""temperature: the retrained model's probability, the fine-tuned model's answers."""

import copy
from dataclasses import replace

import numpy as np
import pytest
import torch

from benchmark.controls import load_control
from benchmark.controls.temperature import HIGHEST, search, tempered
from benchmark.models.lm_head import direct_head
from tests.model_fixtures import tiny_model, weights_hash


def probability(scores):
    return np.exp(-scores["forget"].answer_nll()).mean()


def test_it_has_the_retrained_models_probability_and_says_the_same(setup):
    scores, notes = load_control("temperature").score(setup)
    own, target = setup.finetuned_scores, probability(setup.score_model(setup.retrained))
    assert probability(own) > target + 0.05  # else there is nothing to search
    assert probability(scores) == pytest.approx(target, rel=2e-3)
    assert notes["target_probability"] == pytest.approx(target, rel=1e-4)
    assert notes["forget_probability"] == pytest.approx(probability(scores), rel=1e-4)
    assert 1 < notes["temperature"] < HIGHEST
    for name, part in own.sets.items():
        assert scores[name].generated == part.generated
        greedy = [
            np.array_equal(a.is_greedy, b.is_greedy) for a, b in zip(scores[name].answers, part.answers, strict=True)
        ]
        assert all(greedy)
    assert any(text for text in own["forget"].generated)


def test_a_known_temperature_is_recovered(setup):
    cooled = copy.deepcopy(setup.finetuned)
    with torch.no_grad():
        cooled.model.norm.weight /= 2.5  # the head is linear: its logits are 2.5 times smaller
    notes = load_control("temperature").score(replace(setup, retrained=cooled)).notes
    assert notes["temperature"] == pytest.approx(2.5, rel=1e-3)


@pytest.mark.parametrize(("target", "reached"), [(0.9, 1.0), (0.8, 1.0), (0.0, HIGHEST), (0.1, 8.0)])
def test_the_search_ends_at_the_target_or_at_an_end(target, reached):
    at_an_end = reached in (1.0, HIGHEST)
    assert search(lambda t: 0.8 / t, target) == pytest.approx(reached, rel=0 if at_an_end else 1e-3)


@pytest.mark.parametrize("architecture", ["llama", "gpt-neox", "qwen2", "capped"])
def test_logits_are_divided_and_weights_are_shared(architecture):
    model = copy.deepcopy(tiny_model("llama" if architecture == "capped" else architecture)[0])
    if architecture == "capped":
        model.register_forward_hook(lambda module, args, output: cap(output))
        assert direct_head(model) is None
    before, ids = weights_hash(model), torch.arange(12)[None]
    made = tempered(model, 4.0)
    with torch.no_grad():
        expected, logits = model(ids).logits, made(ids).logits
        states = model.get_input_embeddings()(ids), made.get_input_embeddings()(ids)
    assert torch.equal(logits, expected / 4) and torch.equal(*states)
    assert {p.data_ptr() for p in made.parameters()} == {p.data_ptr() for p in model.parameters()}
    assert weights_hash(model) == before


def cap(output):
    output.logits = output.logits.tanh()
    return output
