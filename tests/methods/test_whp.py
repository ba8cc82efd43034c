"""WHP: cross entropy to the generic model's likeliest token (arXiv 2310.02238)."""

import math

import numpy as np
import pytest
import torch

from benchmark.models.forward import collate
from benchmark.models.tokenization import TokenizedExample
from methods.base import Batch, Models
from methods.whp import WHP


@pytest.fixture
def toy(toy):
    """Reinforcement raises the likeliest token after 0 and after 2."""
    for a in (0, 2):
        toy.reinforced[a, toy.original[a].argmax()] += 0.5
    return toy


def generic(toy, alpha):
    return (toy.original - alpha * np.maximum(toy.reinforced - toy.original, 0)).argmax(-1)


@pytest.mark.parametrize("alpha", [0.0, 5.0])
def test_loss_and_gradient_follow_the_formula(toy, alpha):
    wanted = generic(toy, alpha)

    def formula(table):
        costs = [[-toy.logp(table)[a, wanted[a]] for a, _ in toy.pairs(row)] for row in toy.rows["forget"]]
        return np.mean([np.mean(row) for row in costs])

    toy.agrees(WHP(alpha=alpha), formula)


def test_label_and_loss_by_hand(toy):
    # After 0 the baseline prefers token 0 (1 > 0.5 > 0); reinforcement raised it by 0.2: 1 - 5 * 0.2 = 0 < 0.5, so
    # the generic token is 1. The student gives it odds 1 : 3 : 4, that is 3/8: log(8/3) = 0.980829.
    tokens = collate([TokenizedExample([0, 2], 1)], 2)
    baseline, reinforced = [[1.0, 0.5, 0.0]] * 3, [[1.2, 0.5, -1.0]] * 3
    with torch.no_grad():
        cached = WHP().prepare(Models(toy.Bigram(baseline), toy.Bigram(reinforced)), tokens)
    assert cached["generic"].tolist() == [1]
    student = toy.Bigram([[0.0, math.log(3), math.log(4)]] * 3)
    assert WHP().loss(student, Batch(tokens, cached=cached)).item() == pytest.approx(0.980829, abs=1e-6)


def test_without_push_the_model_learns_its_own_first_choice(toy):
    assert (generic(toy, 0.0) == toy.original.argmax(-1)).all()
    assert (generic(toy, 5.0) != toy.original.argmax(-1)).any()  # or the cases above would not differ
