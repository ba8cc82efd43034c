"""UNDIAL against its formula (Dong et al. 2024, arXiv 2402.10052)."""

import numpy as np
import pytest
import torch

from benchmark.models.forward import collate
from benchmark.models.tokenization import TokenizedExample
from methods.base import Batch, Models
from methods.undial import UNDIAL


def formula(toy, beta):
    def loss(table):
        rows = []
        for row in toy.rows["forget"]:
            crossed = []
            for before, gold in toy.pairs(row):
                lowered = toy.original[before].copy()
                lowered[gold] -= beta
                crossed.append(-np.exp(toy.logp(lowered)) @ toy.logp(table)[before])
            rows.append(np.mean(crossed))
        return np.mean(rows)

    return loss


@pytest.mark.parametrize("beta", [0.0, 3.0, 10.0])
def test_loss_and_gradient_follow_the_formula(toy, beta):
    toy.agrees(UNDIAL(beta=beta), formula(toy, beta))


def test_loss_by_hand(toy):
    # The original is uniform over three tokens and beta = log 3, so the gold token's weight is 1/3 against
    # 1 and 1: 1/7, 3/7, 3/7. Against a student with odds 1 : 1 : 2 (gold the second): (3/7 + 1/7) log 4 +
    # 3/7 log 2 = 1.089232. Against a uniform student: log 3, whatever the teacher.
    tokens = collate([TokenizedExample([0, 1, 2], 1)], pad_id=2)  # answer: 1, then 2
    with torch.no_grad():
        cached = UNDIAL(beta=float(np.log(3))).prepare(Models(toy.Bigram([[0.0] * 3] * 3)), tokens)
    np.testing.assert_allclose(cached["teacher"], [[3 / 7, 1 / 7, 3 / 7], [3 / 7, 3 / 7, 1 / 7]], rtol=1e-6)
    student = toy.Bigram([[0.0, 0.0, float(np.log(2))], [0.0] * 3, [0.0] * 3])
    # first position 1.089232, second log 3 = 1.098612; their mean
    assert UNDIAL().loss(student, Batch(tokens, cached=cached)).item() == pytest.approx(1.093922, abs=1e-6)


def test_no_push_and_no_gradient_at_the_original_with_beta_zero(toy):
    _, grad = toy.run(UNDIAL(beta=0.0), toy.original)
    np.testing.assert_allclose(grad, 0, atol=1e-6)


def test_prompt_and_padding_play_no_part(toy):
    # A public version lowers token V - 100 wherever the label is -100, and averages over those positions too.
    model, models = toy.Bigram(toy.student), Models(toy.Bigram(toy.original))
    values = []
    for ids, start, pad in (([0, 1, 3], 1, 0), ([2, 2, 0, 1, 3], 3, 2)):
        tokens = collate([TokenizedExample(ids, start), TokenizedExample([1] * 7 + [3], 7)], pad)
        with torch.no_grad():
            cached = UNDIAL().prepare(models, tokens)
        values.append(UNDIAL().loss(model, Batch(tokens, cached=cached)).item())
    assert values[0] == pytest.approx(values[1], abs=1e-6)
