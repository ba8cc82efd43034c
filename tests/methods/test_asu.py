"""ASU: distillation from the model with its attention flattened (arXiv 2603.01285)."""

import copy
from contextlib import nullcontext

import pytest
import torch

from benchmark.common.errors import UserError
from benchmark.conformance.toy import toy_setup
from methods import load_method
from methods.asu import ASU, smoothed_attention
from methods.base import answer_logits


@pytest.mark.parametrize(("name", "weight"), [("asu", 1.0), ("asu", 0.3), ("asu+kl", 2.0)])
def test_loss_and_gradient_follow_the_formula(toy, monkeypatch, name, weight):
    monkeypatch.setattr("methods.asu.smoothed_attention", lambda model, temperature: nullcontext())  # it has none
    method = ASU(forget_weight=weight, retain=load_method(name).retain)

    def formula(table):
        retain = toy.kl(toy.original, table, "retain") if name == "asu+kl" else toy.nll(table, "retain")
        return weight * toy.kl(toy.original, table, "forget") + retain

    toy.agrees(method, formula)


def with_queries_divided(model, temperature):
    """The teacher another way: scores are linear in the queries, so these are divided instead."""
    model = copy.deepcopy(model)
    with torch.no_grad():
        for name, module in model.named_modules():
            if name.endswith("q_proj"):
                module.weight /= temperature
            if name.endswith("query_key_value"):  # for each of 4 heads: query, key, value
                for values in (module.weight, module.bias):
                    values.unflatten(0, (4, 3, -1))[:, 0] /= temperature
    return model


@pytest.mark.parametrize("architecture", ["llama", "gpt-neox"])
def test_teacher_is_the_fine_tuned_model_with_scores_divided_by_the_temperature(architecture):
    toy, method = toy_setup(architecture), ASU(temperature=2.5, retain="none")
    batch, before = toy.batch(method), copy.deepcopy(toy.reference)
    with torch.no_grad():
        expected = answer_logits(with_queries_divided(toy.reference, 2.5), batch.forget).log_softmax(-1)
        plain = answer_logits(toy.reference, batch.forget).log_softmax(-1)
        cached = method.prepare(toy.models(()), batch.forget)["log_teacher"]
    torch.testing.assert_close(cached, expected, rtol=1e-4, atol=1e-5)
    assert (cached - plain).abs().max() > 1e-3, "the case must be one where the temperature matters"
    with torch.no_grad():
        assert torch.equal(answer_logits(toy.reference, batch.forget), answer_logits(before, batch.forget))


def test_attention_is_as_before_after_an_error():
    model = toy_setup("llama").reference
    attention = model.model.layers[0].self_attn
    before = attention.scaling
    with pytest.raises(RuntimeError), smoothed_attention(model, 2.0):
        assert attention.scaling == pytest.approx(before / 2)
        raise RuntimeError
    assert attention.scaling == before


def test_model_that_hides_its_scaling_is_refused(toy):
    with pytest.raises(UserError, match="Bigram does not show the scaling"):
        toy.run(ASU())
