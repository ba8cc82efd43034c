"""The inverted hinge loss (Cha et al. 2024, arXiv 2408.06621)."""

import numpy as np
import pytest

from benchmark.models.forward import collate
from benchmark.models.tokenization import TokenizedExample
from methods import load_method
from methods.base import Batch
from methods.ihl import IHL


def formula(toy):
    def loss(table):
        rows = []
        for row in toy.rows["forget"]:
            at = []
            for before, gold in toy.pairs(row):
                p = np.exp(toy.logp(table)[before])
                at.append(1 + p[gold] - max(p[v] for v in range(4) if v != gold))
            rows.append(np.mean(at))
        return np.mean(rows)

    return loss


def test_loss_and_gradient_follow_the_formula(toy):
    toy.agrees(IHL(retain="none"), formula(toy))


def test_plain_name_adds_the_retain_nll(toy):
    toy.agrees(load_method("ihl"), lambda t: formula(toy)(t) + toy.nll(t, "retain"))


def test_loss_by_hand(toy):
    # After 0: 5/8, 2/8, 1/8. Gold 0: 1 + 5/8 - 2/8 = 1.375; after it gold 2: 1 + 1/8 - 5/8 = 0.5. Mean
    # 0.9375.
    model = toy.Bigram(np.log([[5.0, 2.0, 1.0], [1.0] * 3, [1.0] * 3]))
    batch = Batch(collate([TokenizedExample([0, 0, 2], 1)], pad_id=2))
    loss = IHL(retain="none").loss(model, batch)
    assert loss.item() == pytest.approx(0.9375, abs=1e-6)


def test_gradient_is_the_papers(toy):
    # At a position where the gold token leads: d/dz_y = p_y (1 - p_y + p_v*), d/dz_v* = -p_v* (1 + p_y -
    # p_v*), and p_v (p_v* - p_y) elsewhere. With 5/8, 2/8, 1/8 and gold 0: 25/64, -22/64, -3/64.
    model = toy.Bigram(np.log([[5.0, 2.0, 1.0], [1.0] * 3, [1.0] * 3]))
    IHL(retain="none").loss(model, Batch(collate([TokenizedExample([0, 0], 1)], pad_id=2))).backward()
    np.testing.assert_allclose(model.table.grad[0], [25 / 64, -22 / 64, -3 / 64], atol=1e-6)


def test_gradient_fades_once_the_answer_is_forgotten(toy):
    forgotten = toy.original.copy()
    for row in toy.rows["forget"]:
        for a, b in toy.pairs(row):
            forgotten[a, b] -= 12
    # The same table row may have two gold tokens, so only rows with one are sure to be settled.
    _, grad = toy.run(IHL(retain="none"), forgotten)
    golds = {a: {b for row in toy.rows["forget"] for x, b in toy.pairs(row) if x == a} for a in range(4)}
    for a, tokens in golds.items():
        if len(tokens) == 1:
            assert abs(grad[a, next(iter(tokens))]) < 1e-4
