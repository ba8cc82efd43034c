"""SAGO and module-wise PCGrad: how two gradients become one step (arXiv 2604.14808)."""

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from benchmark.common.errors import UserError
from benchmark.models.forward import collate
from methods import load_method
from methods.base import Batch, Models
from methods.sago import SAGO


@pytest.mark.parametrize(
    ("forget", "retain", "expected"),
    [
        # signs differ: retain; agree: forget; one is zero: they agree
        ((1.0, -2.0, 3.0, 0.0, 5.0), (-4.0, -1.0, 2.0, 7.0, 0.0), (-2.0, -6.0, 9.0, 0.0, 15.0)),
        ((1e-30, -1e-30), (-1e-30, -1e-30), (-5e-31, -3e-30)),  # the product would be zero
    ],
)
def test_sago_by_hand(forget, retain, expected):
    step = SAGO(forget_weight=3.0, retain_weight=0.5).combined(torch.tensor(forget), torch.tensor(retain))
    torch.testing.assert_close(step, torch.tensor(expected), atol=0, rtol=1e-6)


@pytest.mark.parametrize(
    ("forget", "retain", "expected"),
    [
        # <f, r> = -2, <r, r> = 4: f + r / 2 = (0, 3); 2 (0, 3) + (2, 0)
        ((-1.0, 3.0), (2.0, 0.0), (2.0, 6.0)),
        ((1.0, 3.0), (2.0, 0.0), (4.0, 6.0)),  # they agree: 2 f + r
        ((-1.0, 3.0), (0.0, 0.0), (-2.0, 6.0)),  # no retain gradient: no division by zero
    ],
)
def test_pcgrad_by_hand(forget, retain, expected):
    step = SAGO(rule="pcgrad", forget_weight=2.0).combined(torch.tensor(forget), torch.tensor(retain))
    assert step.tolist() == pytest.approx(expected)


def step(toy, method, shares=(1.0,)):
    model, models = toy.Bigram(toy.student), Models(toy.Bigram(toy.original))
    model.frozen = nn.Parameter(torch.ones(3), requires_grad=False)

    def batches():
        for i, share in enumerate(shares):
            some = slice(None) if len(shares) == 1 else slice(i, i + 1)
            tokens = {kind: collate(rows[some], 3) for kind, rows in toy.rows.items()}
            with torch.no_grad():
                cached = method.prepare(models, tokens["forget"])
            yield Batch(**tokens, cached=cached), share

    loss = method.gradient(model, batches, Tensor.backward)
    assert model.frozen.grad is None
    return loss.item(), model.table.grad.double().numpy()


@pytest.mark.parametrize("name", ["sago", "sago_npo", "pcgrad", "pcgrad_npo"])
@pytest.mark.parametrize("shares", [(1.0,), (0.5, 0.5)])
def test_step_follows_the_formula(toy, name, shares):
    def npo(table):
        gaps = [toy.s(table, row) - toy.s(toy.original, row) for row in toy.rows["forget"]]
        return np.mean([20 * np.log1p(np.exp(0.1 * gap)) for gap in gaps])

    forget = npo if name.endswith("npo") else lambda t: -toy.nll(t, "forget")
    f, r = toy.slope(forget, toy.student), toy.slope(lambda t: toy.nll(t, "retain"), toy.student)
    if name.startswith("sago"):
        expected = np.where((f > 1e-9) & (r < -1e-9) | (f < -1e-9) & (r > 1e-9), r, f)
    else:
        assert (f * r).sum() < 0, "the case must be one where the gradients disagree"
        expected = r + f - (f * r).sum() / (r**2).sum() * r
    loss, grad = step(toy, load_method(name), shares)
    assert loss == pytest.approx(forget(toy.student) + toy.nll(toy.student, "retain"), abs=1e-5)
    np.testing.assert_allclose(grad, expected, rtol=1e-3, atol=1e-4)


def test_wrong_settings_are_refused():
    with pytest.raises(UserError, match="'sago' or 'pcgrad', not 'PCGrad'"):
        SAGO(rule="PCGrad")
    with pytest.raises(UserError, match="'ga' or 'npo', not 'rmu'"):
        SAGO(forget="rmu")
