"""FLAT against its formula (Wang et al. 2024, arXiv 2410.11143)."""

import math

import numpy as np
import pytest

from benchmark.common.errors import UserError
from methods import load_method
from methods.flat import CONJUGATE, FLAT, VARIATIONAL

# The paper's g* and conjugates f*, written as they stand there: f* is a function of u = g(x).
G = {
    "kl": lambda x: x,
    "tv": lambda x: np.tanh(x) / 2,
    "js": lambda x: np.log(2 / (1 + np.exp(-x))),
    "pearson": lambda x: x,
}
F_STAR = {
    "kl": lambda u: np.exp(u - 1),
    "tv": lambda u: u,
    "js": lambda u: -np.log(2 - np.exp(u)),
    "pearson": lambda u: u**2 / 4 + u,
}


def formula(toy, divergence):
    def probability(table, row):
        return np.mean([np.exp(toy.logp(table)[at]) for at in toy.pairs(row)])

    def loss(table):
        pairs = zip(toy.rows["refusal"], toy.rows["forget"], strict=True)
        g, f_star = G[divergence], F_STAR[divergence]
        return np.mean([f_star(g(probability(table, y))) - g(probability(table, idk)) for idk, y in pairs])

    return loss


@pytest.mark.parametrize("divergence", VARIATIONAL)
def test_loss_and_gradient_follow_the_formula(toy, divergence):
    toy.agrees(FLAT(divergence=divergence), formula(toy, divergence))


@pytest.mark.parametrize("divergence", VARIATIONAL)
def test_conjugates_agree_with_their_definition(divergence):
    import torch

    x = torch.linspace(0.05, 0.95, 7, dtype=torch.float64)
    np.testing.assert_allclose(CONJUGATE[divergence](x), F_STAR[divergence](G[divergence](x.numpy())), rtol=1e-12)


def test_uniform_student_by_hand(toy):
    # Every token has probability 1/4: kl is e^(1/4 - 1) - 1/4 = 0.222367; tv is 0; js is
    # 1/4 + 2 log(1 + e^-1/4) - 2 log 2 = 0.015585; pearson is (1/4)^2 / 4 = 0.015625.
    for divergence, value in {"kl": 0.222367, "tv": 0.0, "js": 0.015585, "pearson": 0.015625}.items():
        loss, _ = toy.run(FLAT(divergence=divergence), 0 * toy.student)
        assert loss == pytest.approx(value, abs=1e-6)
    assert math.exp(-0.75) - 0.25 == pytest.approx(0.222367, abs=1e-6)


def test_a_step_raises_the_refusal_and_lowers_the_answer(toy):
    _, grad = toy.run(load_method("flat"), toy.original)
    table = toy.original - 0.05 * grad
    for kind, better in (("refusal", 1), ("forget", -1)):
        change = sum(
            np.exp(toy.logp(table)[at]) - np.exp(toy.logp(toy.original)[at])
            for row in toy.rows[kind]
            for at in toy.pairs(row)
        )
        assert better * change > 0


def test_unknown_divergence_is_refused():
    with pytest.raises(UserError, match="'kl', 'tv', 'js' or 'pearson', not 'hellinger'"):
        FLAT(divergence="hellinger")
