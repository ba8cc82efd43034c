"""GRU: the forget gradient without its part against the retain gradient (arXiv 2503.09117)."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from benchmark.common.errors import UserError
from benchmark.models.forward import collate
from methods import load_method
from methods.base import Batch, Models
from methods.gru import GRU


class Plane(nn.Module):
    """Two weights; "rows" are the gradients that the losses should have."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(2))


class Given(GRU):
    """Losses whose gradients are told."""

    def forget_loss(self, model, batch):
        return (model.weight * torch.tensor(batch.forget)).sum()


def rectified(monkeypatch, steps, method=None):
    """The gradients that steps of (g_u, g_r) leave behind."""
    monkeypatch.setattr("methods.gru.nll", lambda model, rows: (model.weight * torch.tensor(rows)).sum())
    model, state, gradients = Plane(), {}, []
    for forget, retain in steps:
        batch = SimpleNamespace(forget=forget, retain=retain, state=state)
        (method or Given()).gradient(model, lambda batch=batch: iter([(batch, 1.0)]), Tensor.backward)
        gradients.append(model.weight.grad.tolist())
        model.weight.grad = None
    return gradients


@pytest.mark.parametrize(
    ("forget", "retain", "expected"),
    [
        # <g_u, g_r> = -2, <g_r, g_r> = 4: g_u + g_r / 2
        ((-1.0, 3.0), (2.0, 0.0), (0.0, 3.0)),
        ((1.0, 3.0), (2.0, 0.0), (1.0, 3.0)),  # they agree: nothing is taken away
        ((-2.0, 0.0), (2.0, 0.0), (0.0, 0.0)),  # they are opposed: nothing is left
        # -3 - 4 = -7 over 2: (-3, -4) + 3.5 (1, 1)
        ((-3.0, -4.0), (1.0, 1.0), (0.5, -0.5)),
        ((-1.0, 3.0), (0.0, 0.0), (-1.0, 3.0)),  # no retain gradient: no division by zero
    ],
)
def test_projection_by_hand(monkeypatch, forget, retain, expected):
    assert rectified(monkeypatch, [(forget, retain)])[0] == pytest.approx(expected)


def test_retain_gradient_is_smoothed_over_steps(monkeypatch):
    # 0.8 (0, 5) + 0.2 (10, 0) = (2, 4): <(-1, -2), (2, 4)> = -10 over 20: (-1, -2) + (1, 2) = 0
    gradients = rectified(monkeypatch, [((0.0, 1.0), (10.0, 0.0)), ((-1.0, -2.0), (0.0, 5.0))])
    assert gradients[1] == pytest.approx((0.0, 0.0))


def step(toy, method, shares=(1.0,)):
    model, models = toy.Bigram(toy.student), Models(toy.Bigram(toy.original))
    state = {}

    def batches():
        for i, share in enumerate(shares):
            some = slice(None) if len(shares) == 1 else slice(i, i + 1)
            tokens = {kind: collate(rows[some], 3) for kind, rows in toy.rows.items()}
            with torch.no_grad():
                cached = method.prepare(models, tokens["forget"])
            yield Batch(**tokens, cached=cached, state=state), share

    loss = method.gradient(model, batches, Tensor.backward)
    return loss.item(), model.table.grad.double().numpy()


@pytest.mark.parametrize("name", ["gru", "gru_npo"])
@pytest.mark.parametrize("shares", [(1.0,), (0.5, 0.5)])
def test_step_follows_the_formula(toy, name, shares):
    def npo(table):
        gaps = [toy.s(table, row) - toy.s(toy.original, row) for row in toy.rows["forget"]]
        return np.mean([20 * np.log1p(np.exp(0.1 * gap)) for gap in gaps])

    forget = npo if name == "gru_npo" else lambda t: -toy.nll(t, "forget")
    up, keep = toy.slope(forget, toy.student), toy.slope(lambda t: toy.nll(t, "retain"), toy.student)
    inner = (up * keep).sum()
    assert inner < 0, "the case must be one where the gradients disagree"
    loss, grad = step(toy, load_method(name), shares)
    assert loss == pytest.approx(forget(toy.student), rel=1e-5)
    np.testing.assert_allclose(grad, up - inner / (keep**2).sum() * keep, rtol=1e-3, atol=1e-4)
    assert (grad * keep).sum() == pytest.approx(0, abs=1e-4)  # to first order the retain loss stays


def test_parameters_that_are_not_trained_get_no_gradient(toy):
    model = toy.Bigram(toy.student)
    model.frozen = nn.Parameter(torch.ones(3), requires_grad=False)
    tokens = {kind: collate(rows, 3) for kind, rows in toy.rows.items()}
    GRU().gradient(model, lambda: iter([(Batch(**tokens), 1.0)]), Tensor.backward)
    assert model.frozen.grad is None and model.table.grad is not None


def test_wrong_forget_loss_is_refused():
    with pytest.raises(UserError, match="'ga' or 'npo', not 'wga'"):
        GRU(forget="wga")
