"""SatImp against its formula and its limit, WGA (Yang et al. 2025, arXiv 2505.11953)."""

import numpy as np
import pytest

from methods import load_method
from methods.satimp import SatImp
from methods.wga import WGA


def formula(toy, beta1, beta2):
    fixed = np.exp(toy.logp(toy.student))  # no gradient flows through the weights

    def loss(table):
        rows = []
        for row in toy.rows["forget"]:
            at = [fixed[a, b] ** beta1 * (1 - fixed[a, b]) ** beta2 * toy.logp(table)[a, b] for a, b in toy.pairs(row)]
            rows.append(np.mean(at))
        return np.mean(rows)

    return loss


@pytest.mark.parametrize(("beta1", "beta2"), [(5.0, 1.0), (0.5, 2.0)])
def test_loss_and_gradient_follow_the_formula(toy, beta1, beta2):
    method = SatImp(beta1=beta1, beta2=beta2, retain="none", forget_weight=1.0)
    toy.agrees(method, formula(toy, beta1, beta2))


def test_plain_name_weighs_retention_by_a_tenth(toy):
    # tmlr-group/SatImp, forget_sat.yaml: coeff 0.1, on the retain loss
    toy.agrees(load_method("satimp"), lambda t: formula(toy, 5, 1)(t) + 0.1 * toy.nll(t, "retain"))


def test_uniform_student_by_hand(toy):
    # (1/4)^2 (3/4) log(1/4) = -0.064983
    method = SatImp(beta1=2.0, beta2=1.0, retain="none", forget_weight=1.0)
    assert toy.run(method, 0 * toy.student)[0] == pytest.approx(-0.064983, abs=1e-6)


@pytest.mark.parametrize("beta", [1.0, 5.0])
def test_beta2_zero_is_wga(toy, beta):
    loss, grad = toy.run(SatImp(beta1=beta, beta2=0.0, retain_weight=1.0))
    wga_loss, wga = toy.run(WGA(beta=beta))
    assert loss == pytest.approx(wga_loss, abs=1e-6)
    np.testing.assert_allclose(grad, wga, atol=1e-6)
