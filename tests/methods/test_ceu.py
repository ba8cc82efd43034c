"""CE-U against its formula (Yang 2025, arXiv 2503.01224)."""

import math

import numpy as np
import pytest

from benchmark.models.forward import collate
from benchmark.models.tokenization import TokenizedExample
from methods.base import Batch
from methods.ceu import CEU


def formula(toy, skipped):
    fixed = np.exp(toy.logp(toy.student))  # no gradient flows through the target

    def loss(table):
        rows = []
        for row in toy.rows["forget"]:
            at = []
            for before, gold in toy.pairs(row)[skipped:]:
                q = fixed[before].copy()
                q[gold] = 0
                at.append(-(q / q.sum()) @ toy.logp(table)[before])
            rows.append(np.mean(at) if at else 0.0)
        return np.mean(rows)

    return loss


@pytest.mark.parametrize("skipped", [0, 1, 2])
def test_loss_and_gradient_follow_the_formula(toy, skipped):
    # Two answer tokens in the first row: with 2 skipped it has none left and counts as zero.
    toy.agrees(CEU(skipped=skipped), formula(toy, skipped))


def test_loss_by_hand(toy):
    # After 0: 1/2, 1/4, 1/4. The first answer token is skipped; the second, gold 0, has the target 0, 1/2,
    # 1/2: log 4 = 1.386294.
    model = toy.Bigram([[math.log(2), 0.0, 0.0], [5.0, 0.0, 0.0], [0.0] * 3])
    tokens = collate([TokenizedExample([1, 0, 0], 1)], pad_id=2)
    loss = CEU().loss(model, Batch(tokens))
    assert loss.item() == pytest.approx(1.386294, abs=1e-6)
    loss.backward()
    # softmax minus target: 1/2, -1/4, -1/4; nothing at the skipped position
    np.testing.assert_allclose(model.table.grad, [[0.5, -0.25, -0.25], [0] * 3, [0] * 3], atol=1e-6)


@pytest.mark.parametrize("lead", [0.0, 8.0, -8.0])
def test_gradient_of_the_gold_logit_is_its_probability(toy, lead):
    # neither vanishing at a sure model nor exploding at an unsure one
    model = toy.Bigram([[lead, 0.0, 0.0], [0.0] * 3, [0.0] * 3])
    CEU(skipped=0).loss(model, Batch(collate([TokenizedExample([0, 0], 1)], pad_id=2))).backward()
    p = math.exp(lead) / (math.exp(lead) + 2)
    assert model.table.grad[0, 0].item() == pytest.approx(p, rel=1e-5)
