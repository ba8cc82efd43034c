"""BS-T: ascent on the answer and on the model's own beliefs (arXiv 2510.19422)."""

import math

import numpy as np
import pytest

from benchmark.models.forward import collate
from benchmark.models.tokenization import TokenizedExample
from methods.base import Batch
from methods.bs_t import BST
from methods.grad_ascent import GradAscent


def formula(toy, weight, top):
    """The belief is a constant, that of ``toy.student``."""
    belief = np.zeros((4, 4))
    for a, logits in enumerate(toy.student):
        best = np.argsort(logits)[-top:]
        belief[a, best] = np.exp(logits[best]) / np.exp(logits[best]).sum()

    def loss(table):
        logp = toy.logp(table)
        rows = [
            [(1 - weight) * logp[a, b] + weight * belief[a] @ logp[a] for a, b in toy.pairs(row)]
            for row in toy.rows["forget"]
        ]
        return np.mean([np.mean(row) for row in rows])

    return loss


@pytest.mark.parametrize(("weight", "top"), [(0.2, 2), (0.5, 1), (1.0, 3), (0.2, 20)])
def test_loss_and_gradient_follow_the_formula(toy, weight, top):
    expected = formula(toy, weight, min(top, 4))
    toy.agrees(BST(belief_weight=weight, top=top, retain="none"), expected)
    toy.agrees(BST(belief_weight=weight, top=top), lambda t: expected(t) + toy.nll(t, "retain"))


def test_loss_by_hand(toy):
    # Odds 4 : 3 : 1, the answer is the last. The two best, renormalised: 4/7 and 3/7.
    # 0.8 log(1/8) + 0.2 (4/7 log(1/2) + 3/7 log(3/8)) = -1.663553 - 0.2 (0.396084 + 0.420355) = -1.826841
    tokens = collate([TokenizedExample([0, 2], 1)], 2)
    model = toy.Bigram([[math.log(4), math.log(3), 0.0]] * 3)
    loss = BST(top=2, retain="none").loss(model, Batch(tokens))
    assert loss.item() == pytest.approx(-1.826841, abs=1e-5)


def test_without_beliefs_it_is_gradient_ascent(toy):
    loss, grad = toy.run(BST(belief_weight=0.0, retain="none"))
    expected, ascent = toy.run(GradAscent())
    assert loss == pytest.approx(expected, rel=1e-6)
    np.testing.assert_allclose(grad, ascent, atol=1e-6)


def test_whole_belief_gives_no_push(toy):
    # With all tokens believed in and no answer, the gradient in the logits is belief - p = 0.
    _, grad = toy.run(BST(belief_weight=1.0, top=4, retain="none"))
    np.testing.assert_allclose(grad, 0, atol=1e-6)
