"""ATWU: ascent on the tokens that a scorer picks out (arXiv 2606.06320)."""

import numpy as np
import pytest
import torch
from torch import Tensor

from benchmark.models.forward import collate
from methods.atwu import ATWU
from methods.base import Batch

WEIGHT, BIAS = np.array([0.4, -0.8, 0.3, 1.1]), -0.2


def tokens_of(toy, weight, bias):
    """For each forget row: the pairs, and at each answer token the scorer's input and score."""
    for row in toy.rows["forget"]:
        pairs = toy.pairs(row)
        hidden = np.array([toy.student[b] for _, b in pairs])  # the toy's hidden state at a token is its logits
        yield pairs, hidden, 1 / (1 + np.exp(-(hidden @ weight + bias)))


@pytest.mark.parametrize("method", [ATWU(), ATWU(forget_weight=2.0, saturation=0.5), ATWU(retain="none")])
def test_loss_and_gradient_follow_the_formula(toy, method):
    logp, constants = toy.logp(toy.student), []
    for pairs, _, score in tokens_of(toy, WEIGHT, BIAS):
        nll = np.array([-logp[a, b] for a, b in pairs])
        constants.append(np.exp(-method.saturation * score * nll) * score)

    def formula(table):
        rows = [
            np.mean([c * toy.logp(table)[a, b] for c, (a, b) in zip(cs, toy.pairs(row), strict=True)])
            for cs, row in zip(constants, toy.rows["forget"], strict=True)
        ]
        return method.forget_weight * np.mean(rows) + (toy.nll(table, "retain") if method.retain == "rt" else 0)

    loss, grad, _ = steps(toy, method, 1, scorer=[WEIGHT, BIAS])
    assert loss == pytest.approx(formula(toy.student), rel=1e-5)
    np.testing.assert_allclose(grad, toy.slope(formula, toy.student), rtol=1e-3, atol=1e-5)


def steps(toy, method, count, shares=(1.0,), scorer=None):
    """Steps on a model that stays as it is: the last one's loss and gradient, and the state."""
    model, state = toy.Bigram(toy.student), {}
    if scorer:
        parts = [torch.tensor(part, dtype=torch.float32, requires_grad=True) for part in scorer]
        state = {"scorer": parts, "steps": 0, "optimizer": torch.optim.SGD(parts, lr=0.1)}

    def batches():
        for i, share in enumerate(shares):
            some = slice(None) if len(shares) == 1 else slice(i, i + 1)
            tokens = {kind: collate(rows[some], 3) for kind, rows in toy.rows.items()}
            yield Batch(**tokens, state=state), share

    for _ in range(count):
        model.table.grad = None
        loss = method.gradient(model, batches, Tensor.backward)
    return loss.item(), model.table.grad.double().numpy(), state


def scorer_slope(toy, method, scorer):
    """By hand: the objective's derivative in each score, times the score's in the scorer."""
    slope, logp = 2 * method.norm_weight * scorer, toy.logp(toy.student)
    for pairs, hidden, g in tokens_of(toy, scorer[:4], scorer[4]):
        nll = np.array([-logp[a, b] for a, b in pairs])
        in_score = -np.exp(-method.saturation * g * nll) * nll + method.entropy_weight * np.log((1 - g) / g)
        in_score += 2 * method.budget_weight * ((g > 0.5).mean() - method.budget)
        inputs = np.column_stack([hidden, np.ones(len(pairs))])
        slope = slope + (in_score * g * (1 - g)) @ inputs / len(pairs) / len(toy.rows["forget"])
    return slope


@pytest.mark.parametrize("shares", [(1.0,), (0.5, 0.5)])
@pytest.mark.parametrize("method", [ATWU(), ATWU(budget_weight=0.5, entropy_weight=3.0, norm_weight=0.2)])
def test_every_fifth_step_moves_the_scorer(toy, method, shares):
    _, _, state = steps(toy, method, 4, shares)
    assert not any(part.any() for part in state["scorer"])
    scorer, speed, norms = np.zeros(5), np.zeros(5), []
    for _ in range(4):  # of momentum 0.9, with weight decay, the gradient's length at most 1
        slope = scorer_slope(toy, method, scorer)
        norms.append(np.linalg.norm(slope))
        speed = 0.9 * speed + slope / max(norms[-1], 1) + 1e-4 * scorer
        scorer = scorer - 0.05 * speed
    _, _, state = steps(toy, method, 24, shares)
    np.testing.assert_allclose(torch.cat([part.detach().view(-1) for part in state["scorer"]]), scorer, atol=1e-5)
    assert (max(norms) > 1) == (method.budget_weight == 10), "one case clips the gradient, the other does not"


def test_certain_scorer_has_a_gradient(toy):
    _, _, state = steps(toy, ATWU(), 5, scorer=[200 * WEIGHT, 0.0])
    assert all(part.isfinite().all() for part in state["scorer"])
