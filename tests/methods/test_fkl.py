"""FKL: RKLD's teacher with the divergence turned round (arXiv 2406.01983)."""

import numpy as np
import pytest

from benchmark.models.forward import collate
from benchmark.models.tokenization import TokenizedExample
from methods.base import Batch, Models
from methods.fkl import FKL


def test_loss_by_hand(toy):
    # As in test_rkld: teacher logits (-4, 0, 0), so probabilities (0.0090747, 0.4954627, 0.4954627);
    # a uniform student.
    # KL(teacher || uniform) = sum t log t + log 3 = -4 * 0.0090747 - log 2.018316 + log 3
    # = -0.036299 - 0.702264 + 1.098612 = 0.360049.
    tokens = collate([TokenizedExample([0, 1, 2], 1)], pad_id=2)
    models = Models(toy.Bigram([[0.0] * 3] * 3), toy.Bigram([[0.5, 0.0, -1.0]] * 3))
    loss = FKL().loss(toy.Bigram([[0.0] * 3] * 3), Batch(tokens, cached=FKL().prepare(models, tokens)))
    assert loss.item() == pytest.approx(0.360049, abs=2e-6)


def test_loss_and_gradient_follow_the_formula(toy):
    teacher = toy.original - 8 * np.maximum(toy.reinforced - toy.original, 0)
    toy.agrees(FKL(), lambda table: toy.kl(teacher, table, "forget"))


def test_gradient_vanishes_at_the_teacher(toy):
    teacher = toy.original - 2 * np.maximum(toy.reinforced - toy.original, 0)
    loss, grad = toy.run(FKL(alpha=2.0), teacher)
    assert loss == pytest.approx(0, abs=1e-5)
    np.testing.assert_allclose(grad, 0, atol=1e-6)


def test_gradient_is_student_minus_teacher(toy):
    # The slope of a cross entropy in its logits; each position weighs 1 / (rows * answer tokens of its row).
    teacher = np.exp(toy.logp(toy.original - 8 * np.maximum(toy.reinforced - toy.original, 0)))
    expected = np.zeros((4, 4))
    for row in toy.rows["forget"]:
        for a, _ in toy.pairs(row):
            weight = 1 / (2 * len(toy.pairs(row)))
            expected[a] += weight * (np.exp(toy.logp(toy.student))[a] - teacher[a])
    np.testing.assert_allclose(toy.run(FKL())[1], expected, atol=1e-6)
