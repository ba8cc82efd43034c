"""PALU: flat top logits where a fact begins, KL on the other tokens (arXiv 2601.03190)."""

import math

import numpy as np
import pytest
import torch

from benchmark.models.forward import collate
from benchmark.models.tokenization import TokenizedExample
from methods import load_method
from methods.base import Batch, Models
from methods.palu import PALU, place_in_run

FACT = [[True, False], [True, True, False, True, False]]  # of the toy's forget rows, EOS last


def run(toy, method, fact=FACT):
    model, models = toy.Bigram(toy.student), Models(toy.Bigram(toy.original))
    tokens = {kind: collate(rows, 3) for kind, rows in toy.rows.items()}
    with torch.no_grad():
        cached = method.prepare(models, tokens["forget"])
    loss = method.loss(model, Batch(**tokens, cached=cached, fact=torch.tensor(sum(fact, []))))
    loss.backward()
    return loss.item(), model.table.grad.double().numpy()


def beginnings(fact, first):
    """Places of the first tokens of each run."""
    out, length = [], 0
    for place, marked in enumerate(fact):
        length = length + 1 if marked else 0
        if 1 <= length <= first:
            out.append(place)
    return out


@pytest.mark.parametrize("local", [False, True])
@pytest.mark.parametrize(("top", "first"), [(1, 1), (2, 1), (3, 2), (50, 10)])
def test_loss_and_gradient_follow_the_formula(toy, top, first, local):
    def formula(table):
        flat, kept = [], []
        p, ref = toy.logp(table), toy.logp(toy.original)
        for row, fact in zip(toy.rows["forget"], FACT, strict=True):
            before = [a for a, _ in toy.pairs(row)]
            values = []
            for place in beginnings(fact, first):
                z, best = table[before[place]], np.argsort(-toy.original[before[place]])[:top]
                centre = z[best].mean() if local else z.mean()
                values.append(np.mean((z[best] - centre) ** 2))
            flat.append(np.mean(values))
            others = [a for a, of_fact in zip(before, fact, strict=True) if not of_fact]
            kept.append(np.mean([(np.exp(p[a]) * (p[a] - ref[a])).sum() for a in others]))
        return np.mean(flat) + 0.7 * (toy.nll(table, "retain") + np.mean(kept))

    loss, grad = run(toy, PALU(top=top, first=first, local=local, retain_weight=0.7))
    assert loss == pytest.approx(formula(toy.student), rel=1e-5)
    np.testing.assert_allclose(grad, toy.slope(formula, toy.student), rtol=1e-3, atol=1e-5)


def test_loss_by_hand(toy):
    # Logits (3, 1, -1) at the fact's one token: their mean is 1, and the reference likes tokens 0 and 2 best, so the
    # term is ((3 - 1)^2 + (-1 - 1)^2) / 2 = 4. At EOS the model is even, the reference (1/2, 1/4, 1/4):
    # KL = -log 3 - (log 1/2 + 2 log 1/4) / 3 = 0.056633.
    tokens = collate([TokenizedExample([0, 1, 2], 1)], 2)
    reference = torch.tensor([[0.5, 0.1, 0.4], [0.5, 0.25, 0.25]]).log()
    batch = Batch(tokens, cached={"log_reference": reference}, fact=torch.tensor([True, False]))
    loss = PALU(top=2, retain="none", retain_weight=2.0).loss(
        toy.Bigram([[3.0, 1.0, -1.0], [0.0] * 3, [0.0] * 3]), batch
    )
    assert loss.item() == pytest.approx(4 + 2 * (5 / 3 * math.log(2) - math.log(3)), rel=1e-5)


def test_later_tokens_of_a_fact_are_left_alone(toy):
    whole = [[True, False], [True, True, True, True, False]]
    _, grad = run(toy, PALU(first=1, retain="none"), whole)
    # The second row is 2 | 0 1 1 0 EOS: its first token is predicted by 2, EOS by 0, all else by 0 and 1.
    assert np.abs(grad[[1, 2]]).min(-1).min() > 0  # the first row's fact is predicted by 1
    _, nothing = run(toy, PALU(first=1, retain="none", retain_weight=0.0), whole)
    np.testing.assert_array_equal(nothing[[0, 3]], 0)


def test_places_in_runs():
    marked = torch.tensor([1, 1, 0, 1, 1, 1, 0, 0, 1]).bool()
    row = torch.tensor([0, 0, 0, 0, 1, 1, 1, 1, 2])
    assert place_in_run(marked, row)[marked].tolist() == [0, 1, 0, 0, 1, 0]
    assert place_in_run(~marked, row).shape == (9,)


def test_settings():
    method = load_method("palu")
    assert (method.top, method.first, method.retain_weight, method.local) == (50, 3, 1.0, False)
    assert method.required() == ("facts", "retain")
