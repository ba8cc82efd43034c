"""ETW: ascent with tokens weighted by the entropy of the prediction (arXiv 2604.17785)."""

import numpy as np
import pytest

from methods import load_method
from methods.etw import ETW


def formula(toy, temperature=1.0, weight=1.0):
    p = np.exp(toy.logp(toy.student / temperature))
    entropy = -(p * np.log(p)).sum(-1)  # a constant: of the student where the step is taken

    def loss(table):
        rows = []
        for row in toy.rows["forget"]:
            pairs = toy.pairs(row)
            total = sum(entropy[a] for a, _ in pairs)
            rows.append(sum(len(pairs) * entropy[a] / total * toy.logp(table)[a, b] for a, b in pairs) / len(pairs))
        return weight * np.mean(rows)

    return loss


def test_default_has_the_retain_term_and_is_unconfirmed(toy):
    method = load_method("etw")
    assert method.status == "unconfirmed"
    toy.agrees(method, lambda t: formula(toy)(t) + toy.nll(t, "retain"))


@pytest.mark.parametrize(("temperature", "weight"), [(2.0, 1.0), (0.5, 0.3)])
def test_loss_and_gradient_follow_the_formula(toy, temperature, weight):
    method = ETW(retain="none", temperature=temperature, forget_weight=weight)
    toy.agrees(method, formula(toy, temperature, weight))


def test_equal_entropies_give_gradient_ascent(toy):
    table = np.tile([1.0, 0.0, -1.0, 0.5], (4, 1))  # the same prediction everywhere
    assert toy.run(ETW(retain="none"), table)[0] == pytest.approx(-toy.nll(table, "forget"), rel=1e-5)


def test_certain_predictions_weigh_nothing_and_divide_by_no_zero(toy):
    loss, grad = toy.run(ETW(retain="none"), np.eye(4) * 1000)
    assert loss == 0 and not grad.any()
