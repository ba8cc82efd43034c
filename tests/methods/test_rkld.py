"""RKLD against its formula, worked by hand and in numpy (Wang et al. 2024, arXiv 2406.01983)."""

import math

import numpy as np
import pytest
import torch

from benchmark.models.forward import collate
from benchmark.models.tokenization import TokenizedExample
from methods import load_method
from methods.base import Batch, Models
from methods.rkld import RKLD, teacher_logits


def teacher(toy, alpha):
    return toy.original - alpha * np.maximum(toy.reinforced - toy.original, 0)


def test_defaults_are_the_papers():
    assert load_method("rkld").alpha == 8.0
    assert load_method("rkld").retain_weight == 1.0


def test_teacher_pushes_down_exactly_what_reinforcement_raised():
    original = torch.tensor([1.0, -2.0, 0.5, 3.0])
    reinforced = torch.tensor([1.5, -2.5, 0.5, 3.25])  # + 0.5, - 0.5, the same, + 0.25
    # 1 - 8 * 0.5 = -3; unchanged; unchanged; 3 - 8 * 0.25 = 1
    assert teacher_logits(original, reinforced, 8.0).tolist() == [-3.0, -2.0, 0.5, 1.0]


def test_loss_by_hand(toy):
    # The student and the original model are uniform over three tokens; reinforcement raised the first by
    # 1/2 and lowered the last. Teacher logits (-4, 0, 0), Z = 2 + e^-4 = 2.018316; KL(uniform || teacher) =
    # -log 3 + log Z + 4/3 = -1.098612 + 0.702264 + 1.333333 = 0.936985.
    tokens = collate([TokenizedExample([0, 1, 2], 1)], pad_id=2)
    models = Models(toy.Bigram([[0.0] * 3] * 3), toy.Bigram([[0.5, 0.0, -1.0]] * 3))
    cached = RKLD().prepare(models, tokens)
    loss = RKLD().loss(toy.Bigram([[0.0] * 3] * 3), Batch(tokens, cached=cached))
    assert loss.item() == pytest.approx(0.936985, abs=2e-6)


@pytest.mark.parametrize("alpha", [0.0, 1.0, 8.0])
def test_loss_and_gradient_follow_the_formula(toy, alpha):
    toy.agrees(RKLD(alpha=alpha), lambda table: toy.kl(table, teacher(toy, alpha), "forget"))


def test_nothing_to_learn_without_push(toy):
    loss, grad = toy.run(RKLD(alpha=0.0), toy.original)
    assert loss == pytest.approx(0, abs=1e-6)
    np.testing.assert_allclose(grad, 0, atol=1e-6)


def test_gradient_vanishes_at_the_teacher(toy):
    loss, grad = toy.run(RKLD(alpha=2.0), teacher(toy, 2.0))
    assert loss == pytest.approx(0, abs=1e-5)
    np.testing.assert_allclose(grad, 0, atol=1e-6)


def test_a_step_lowers_the_reinforced_tokens(toy):
    _, grad = toy.run(RKLD(), toy.original)
    seen = {a for row in toy.rows["forget"] for a, _ in toy.pairs(row)}
    for a in range(4):
        if a not in seen:  # tables that no answer position reads stay
            assert not grad[a].any()
            continue
        most = int(np.argmax(toy.reinforced[a] - toy.original[a]))
        assert grad[a][most] > 0  # so that descent lowers the logit that reinforcement raised most
        assert grad[a].sum() == pytest.approx(0, abs=1e-6)  # softmax does not see a common shift


def test_teacher_is_prepared_as_log_probabilities_a_token(toy):
    tokens = collate(toy.rows["forget"], 3)
    with torch.no_grad():
        prepared = RKLD().prepare(Models(toy.Bigram(toy.original), toy.Bigram(toy.reinforced)), tokens)
    log_teacher = prepared["log_teacher"]  # [N, V]
    assert log_teacher.shape == (7, 4)
    expected = toy.logp(teacher(toy, 8.0))[[a for row in toy.rows["forget"] for a, _ in toy.pairs(row)]]
    np.testing.assert_allclose(log_teacher, expected, atol=1e-4)
    assert math.isclose(log_teacher[0].exp().sum().item(), 1, abs_tol=1e-6)
