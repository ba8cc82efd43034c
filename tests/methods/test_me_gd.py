"""ME+GD against its formula (Yuan et al. 2024, arXiv 2410.08109)."""

import math

import numpy as np
import pytest

from methods import load_method
from methods.me_gd import MaximumEntropy


def formula(toy):
    uniform = np.zeros((4, 4))  # logits
    return lambda table: toy.kl(uniform, table, "forget")


def test_loss_and_gradient_follow_the_formula(toy):
    toy.agrees(MaximumEntropy(retain="none", forget_weight=1.0), formula(toy))


def test_plain_name_has_the_authors_weights(toy):
    toy.agrees(load_method("me+gd"), lambda t: 0.1 * formula(toy)(t) + toy.nll(t, "retain"))


def test_mask_may_let_the_whole_row_count(toy):
    def loss(table):
        at = -toy.logp(table).mean(-1) - math.log(4)
        # Every token but the last predicts one: (0, 1, 2) and (2, 0, 1, 1, 0), where the answer alone has (1, 2) of the first.
        return np.mean([np.mean([at[a] for a in row.ids[:-1]]) for row in toy.rows["forget"]])

    toy.agrees(MaximumEntropy(retain="none", forget_weight=1.0, mask="all"), loss)
    assert load_method("me+gd").mask == "answer"


def test_by_hand(toy):
    # Probabilities 5/8, 1/8, 1/8, 1/8 everywhere: -log 4 + (log(8/5) + 3 log 8) / 4 = 0.290788. The other
    # direction, log 4 minus the entropy, would be 1.386294 - (5/8 log(8/5) + 3/8 log 8) = 0.312751.
    table = np.log(np.array([[5.0, 1.0, 1.0, 1.0]] * 4))
    loss, _ = toy.run(MaximumEntropy(retain="none", forget_weight=1.0), table)
    assert loss == pytest.approx(0.290788, abs=1e-6)


def test_uniform_output_is_the_goal(toy):
    loss, grad = toy.run(MaximumEntropy(retain="none"), 0 * toy.student)
    assert loss == pytest.approx(0, abs=1e-6)
    np.testing.assert_allclose(grad, 0, atol=1e-7)
