"""Unilogit against its formula (Vasilev et al. 2025, arXiv 2505.06027)."""

import math

import numpy as np
import pytest
import torch

from benchmark.models.forward import collate
from benchmark.models.tokenization import TokenizedExample
from methods import load_method
from methods.base import Batch
from methods.unilogit import Unilogit, uniform_target


def target(p, gold):
    """The gold token's probability becomes 1 / V; the others share the rest as before."""
    q = p * (1 - 1 / len(p)) / (1 - p[gold])
    q[gold] = 1 / len(p)
    return q


def formula(toy, fixed):
    """The loss as a function of the table, with targets made from the table ``fixed``."""

    def loss(table):
        rows = []
        for row in toy.rows["forget"]:
            at = []
            for before, gold in toy.pairs(row):
                log_p, q = toy.logp(table)[before], target(np.exp(toy.logp(fixed)[before]), gold)
                at.append(np.exp(log_p) @ (log_p - np.log(q)))
            rows.append(np.mean(at))
        return np.mean(rows)

    return loss


def test_target_by_hand():
    # Odds 2 : 1 : 1 with the first token gold: 1/3 for it, 1/3 for each of the others.
    # Gold is the second: 1/3 for it, and 2/3 split 2 : 1, so 4/9, 1/3, 2/9.
    logits = torch.tensor([[math.log(2), 0.0, 0.0]] * 2)
    target = uniform_target(logits, torch.tensor([0, 1])).softmax(-1)
    np.testing.assert_allclose(target, [[1 / 3, 1 / 3, 1 / 3], [4 / 9, 1 / 3, 2 / 9]], rtol=1e-6)


def test_loss_by_hand(toy):
    # Probabilities 1/2, 1/4, 1/4, gold the first: sum p log(p / (1/3)) = log 3 - 1.5 log 2 = 0.058892.
    tokens = collate([TokenizedExample([1, 0], 1)], pad_id=2)
    model = toy.Bigram([[0.0] * 3, [math.log(2), 0.0, 0.0], [0.0] * 3])
    assert Unilogit().loss(model, Batch(tokens)).item() == pytest.approx(0.058892, abs=1e-6)


def test_loss_and_gradient_follow_the_formula(toy):
    toy.agrees(load_method("unilogit"), formula(toy, toy.student.copy()))


def test_rt_variant_adds_the_retain_nll(toy):
    fixed = toy.student.copy()
    toy.agrees(load_method("unilogit+rt"), lambda t: formula(toy, fixed)(t) + toy.nll(t, "retain"))


def test_loss_and_gradient_are_those_of_a_coin(toy):
    # The others' ratios are equal in model and target, so they cancel: what is left is KL between "gold or
    # not" under the model, (p, 1 - p), and under the target, (1/V, 1 - 1/V).
    def coin(table):
        rows = []
        for row in toy.rows["forget"]:
            p = np.array([np.exp(toy.logp(table)[at]) for at in toy.pairs(row)])
            rows.append(np.mean(p * np.log(4 * p) + (1 - p) * np.log((1 - p) * 4 / 3)))
        return np.mean(rows)

    toy.agrees(Unilogit(), coin)


def test_nothing_to_do_where_the_gold_token_is_uniform(toy):
    loss, grad = toy.run(Unilogit(), 0 * toy.student)
    assert loss == pytest.approx(0, abs=1e-6)
    np.testing.assert_allclose(grad, 0, atol=1e-6)
