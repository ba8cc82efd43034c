"""SimNPO against its formula and its limit (Fan et al. 2024, arXiv 2410.07163)."""

import numpy as np
import pytest

from methods import load_method
from methods.simnpo import SimNPO


def formula(toy, beta, gamma, weight):
    def loss(table):
        means = [toy.s(table, row) / len(toy.pairs(row)) for row in toy.rows["forget"]]
        return weight * np.mean([2 / beta * np.log1p(np.exp(beta * mean + gamma)) for mean in means])

    return loss


def test_default_has_the_papers_constants_and_the_retain_term(toy):
    # 2410.07163's repository: npo_coeff=0.125 beta=4.5 for forget10
    toy.agrees(load_method("simnpo"), lambda t: formula(toy, 4.5, 0.0, 0.125)(t) + toy.nll(t, "retain"))


@pytest.mark.parametrize(("beta", "gamma", "weight"), [(2.5, 0.0, 0.1375), (1.0, 0.5, 1.0)])
def test_loss_and_gradient_follow_the_formula(toy, beta, gamma, weight):
    method = SimNPO(retain="none", beta=beta, gamma=gamma, forget_weight=weight)
    toy.agrees(method, formula(toy, beta, gamma, weight))


def test_uniform_student_by_hand(toy):
    # The mean log-likelihood is -log 4 in both rows, however long: e^(beta s) = 1/4 at beta = 1,
    # so 2 log(1 + 1/4) = 0.446287.
    loss, _ = toy.run(SimNPO(retain="none", beta=1.0, forget_weight=1.0), 0 * toy.student)
    assert loss == pytest.approx(0.446287, abs=1e-6)


def test_small_beta_is_gradient_ascent(toy):
    _, grad = toy.run(SimNPO(retain="none", beta=1e-4, forget_weight=1.0))
    _, ascent = toy.run(load_method("grad_ascent"))
    np.testing.assert_allclose(grad, ascent, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize(
    ("split", "beta", "weight"), [("forget10", 4.5, 0.125), ("forget05", 2.5, 0.1375), ("forget01", 4.5, 0.125)]
)
def test_constants_follow_the_split(toy, split, beta, weight):
    # 2410.07163's repository: npo_coeff=0.1375 beta=2.5 for forget05
    method = load_method("simnpo", split=split)
    toy.agrees(method, lambda t: formula(toy, beta, 0.0, weight)(t) + toy.nll(t, "retain"))


def test_settings_and_names_come_before_the_split():
    method = load_method("simnpo@beta=3", split="forget05", forget_weight=1.0)
    assert (method.beta, method.forget_weight) == (3.0, 1.0)


def test_no_reference_is_needed():
    assert load_method("simnpo").required() == ("retain",)
