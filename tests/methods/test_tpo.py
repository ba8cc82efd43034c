"""TPO: the logits of a fact's tokens down, the others kept (arXiv 2506.03142)."""

import math

import numpy as np
import pytest
import torch

from benchmark.models.forward import collate
from benchmark.models.tokenization import TokenizedExample
from methods import load_method
from methods.base import Batch, Models
from methods.tpo import TPO

FACT = [[True, False], [False, True, True, False, False]]  # of the toy's forget rows, EOS last


def run(toy, method, fact=FACT, student=None):
    model = toy.Bigram(toy.student if student is None else student)
    models = Models(toy.Bigram(toy.original))
    tokens = {kind: collate(rows, 3) for kind, rows in toy.rows.items()}
    with torch.no_grad():
        cached = method.prepare(models, tokens["forget"])
    batch = Batch(**tokens, reference=models.reference, cached=cached, fact=torch.tensor(sum(fact, [])))
    loss = method.loss(model, batch)
    loss.backward()
    return loss.item(), model.table.grad.double().numpy()


@pytest.mark.parametrize(("beta", "others", "retain"), [(0.19, 1.0, "none"), (2.0, 0.3, "rt"), (0.32, 0.0, "kl")])
def test_loss_and_gradient_follow_the_formula(toy, beta, others, retain):
    def formula(table):
        total = 0.0
        for row, fact in zip(toy.rows["forget"], FACT, strict=True):
            places = list(zip(toy.pairs(row), fact, strict=True))
            fallen = np.mean([toy.original[a, y] - table[a, y] for (a, y), of_fact in places if of_fact])
            total += 2 / beta * np.log1p(np.exp(-beta * fallen))
            total += others * sum(-toy.logp(table)[a, y] for (a, y), of_fact in places if not of_fact)
        kept = {
            "none": lambda t: 0,
            "rt": lambda t: toy.nll(t, "retain"),
            "kl": lambda t: toy.kl(toy.original, t, "retain"),
        }
        return total / 2 + kept[retain](table)

    loss, grad = run(toy, TPO(beta=beta, others_weight=others, retain=retain))
    assert loss == pytest.approx(formula(toy.student), rel=1e-5)
    np.testing.assert_allclose(grad, toy.slope(formula, toy.student), rtol=1e-3, atol=1e-5)


def test_loss_by_hand(toy):
    # One row of three answer tokens over a vocabulary of two, token 1 the fact: its logit fell from 3 to 1, so the
    # preference loss is 2 / 0.5 log(1 + exp(-0.5 * 2)) = 4 * 0.313262. The two others have probability 1/2 each.
    row = TokenizedExample([0, 1, 0, 0], 1)
    method, tokens = TPO(beta=0.5), collate([row], 0)
    table = [[0.0, 1.0], [2.0, 2.0]]  # after token 0 the fact's logit is 1; after token 1 all are even
    cached = {"z_ref": torch.tensor([3.0, 7.0, 9.0])}  # of the others it does not count
    batch = Batch(tokens, cached=cached, fact=torch.tensor([True, False, False]))
    expected = 4 * 0.313262 + math.log(2) + math.log(1 + math.e)
    assert method.loss(toy.Bigram(table), batch).item() == pytest.approx(expected, rel=1e-5)


def test_logits_count_not_probabilities(toy):
    # A logit more for all tokens leaves every probability and moves the preference loss.
    shifted = toy.student + 1.0
    alone = TPO(others_weight=0.0)
    assert run(toy, alone, student=shifted)[0] != pytest.approx(run(toy, alone)[0], rel=1e-3)
    everything = [[False] * 2, [False] * 5]
    assert run(toy, TPO(), everything, shifted)[0] == pytest.approx(run(toy, TPO(), everything)[0], rel=1e-5)


def test_names():
    assert load_method("tpo").required() == ("facts",)
    assert load_method("tpo+rt").required() == ("facts", "retain")
    assert load_method("tpo").beta == 0.19
