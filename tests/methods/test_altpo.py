"""AltPO: DPO with sampled answers as the preferred ones (arXiv 2409.13474)."""

import numpy as np
import pytest
import torch

from benchmark.models.forward import collate
from methods import load_method
from methods.altpo import AltPO
from methods.base import Batch, Models


def run(toy, method, alternative="refusal"):
    """``alternative``: which of the toy's rows play the sampled answers."""
    model, models = toy.Bigram(toy.student), Models(toy.Bigram(toy.original))
    tokens = {kind: collate(rows, 3) for kind, rows in toy.rows.items()}
    with torch.no_grad():
        cached = method.prepare(models, tokens["forget"])
    batch = Batch(
        tokens["forget"],
        retain=tokens["retain"],
        alternative=tokens[alternative],
        reference=models.reference,
        cached=cached,
    )
    loss = method.loss(model, batch)
    loss.backward()
    return loss.item(), model.table.grad.double().numpy()


@pytest.mark.parametrize("beta", [0.1, 0.5])
def test_loss_and_gradient_follow_the_formula(toy, beta):
    def gain(table, row):
        return toy.s(table, row) - toy.s(toy.original, row)

    def formula(table):
        pairs = zip(toy.rows["refusal"], toy.rows["forget"], strict=True)
        margins = [beta * (gain(table, other) - gain(table, answer)) for other, answer in pairs]
        return np.mean([2 / beta * np.log1p(np.exp(-m)) for m in margins]) + toy.nll(table, "retain")

    loss, grad = run(toy, AltPO(beta=beta))
    assert loss == pytest.approx(formula(toy.student), rel=1e-5)
    np.testing.assert_allclose(grad, toy.slope(formula, toy.student), rtol=1e-3, atol=1e-4)


def test_alternative_that_is_the_answer_has_no_effect(toy):
    loss, grad = run(toy, AltPO(retain="none"), alternative="forget")
    assert loss == pytest.approx(13.862944, rel=1e-6)  # (2 / 0.1) log 2
    np.testing.assert_allclose(grad, 0, atol=1e-6)


def test_settings():
    method = load_method("altpo")
    assert (method.alternatives, method.retain) == (5, "rt")
    assert method.instruction and load_method("altpo@instruction=").instruction == ""
    assert method.required() == ("alternatives", "reference", "retain")
