"""SAM-NPO: NPO's gradient at the worst weights nearby (arXiv 2502.05374)."""

import numpy as np
import pytest
import torch
from torch import Tensor

from benchmark.models.forward import collate
from methods import load_method
from methods.base import Batch, Models
from methods.npo import NPO
from methods.sam_npo import SAMNPO


def npo(toy):
    def loss(table):
        gaps = [toy.s(table, row) - toy.s(toy.original, row) for row in toy.rows["forget"]]
        return np.mean([20 * np.log1p(np.exp(0.1 * gap)) for gap in gaps])

    return loss


def step(toy, method, shares=(1.0,)):
    """The step's loss and gradient, and the table afterwards."""
    model, models = toy.Bigram(toy.student), Models(toy.Bigram(toy.original))

    def batches():
        for i, share in enumerate(shares):
            some = slice(None) if len(shares) == 1 else slice(i, i + 1)
            tokens = {kind: collate(rows[some], 3) for kind, rows in toy.rows.items()}
            with torch.no_grad():
                cached = method.prepare(models, tokens["forget"])
            yield Batch(**tokens, reference=models.reference, cached=cached), share

    loss = method.gradient(model, batches, Tensor.backward)
    return loss.item(), model.table.grad.double().numpy(), model.table.detach()


def test_defaults():
    assert (load_method("sam_npo").rho, load_method("sam_npo").beta, load_method("sam_npo").retain) == (0.01, 0.1, "rt")


@pytest.mark.parametrize("rho", [0.01, 1.0])
@pytest.mark.parametrize("shares", [(1.0,), (0.5, 0.5)])
def test_step_follows_the_formula(toy, rho, shares):
    slope = toy.slope(npo(toy), toy.student)
    worst = toy.student + rho * slope / np.sqrt((slope**2).sum())
    keep = toy.slope(lambda t: toy.nll(t, "retain"), toy.student)  # at the weights themselves
    loss, grad, _ = step(toy, SAMNPO(rho=rho), shares)
    assert loss == pytest.approx(npo(toy)(worst) + toy.nll(toy.student, "retain"), rel=1e-5)
    np.testing.assert_allclose(grad, toy.slope(npo(toy), worst) + keep, rtol=1e-3, atol=2e-4)
    assert npo(toy)(worst) > npo(toy)(toy.student)


def test_weights_come_back_to_the_last_bit(toy):
    for rho in (0.01, 1e6):
        table = step(toy, SAMNPO(rho=rho))[2]
        assert torch.equal(table, toy.Bigram(toy.student).table.detach())


def test_weights_come_back_after_an_error(toy):
    calls = []

    class Breaks(SAMNPO):
        def forget_loss(self, model, batch):
            calls.append(model.table.detach().clone())
            if len(calls) == 2:
                raise RuntimeError("out of memory")
            return super().forget_loss(model, batch)

    model = toy.Bigram(toy.student)
    tokens = {kind: collate(rows, 3) for kind, rows in toy.rows.items()}
    batch = Batch(**tokens, cached={"s_ref": torch.zeros(2)})
    with pytest.raises(RuntimeError):
        Breaks().gradient(model, lambda: iter([(batch, 1.0)]), Tensor.backward)
    assert not torch.equal(calls[1], calls[0])
    assert torch.equal(model.table, calls[0])


@pytest.mark.parametrize("retain", ["none", "rt", "kl"])
def test_without_distance_it_is_npo(toy, retain):
    expected, slope = toy.run(NPO(retain=retain))
    loss, grad, _ = step(toy, SAMNPO(rho=0.0, retain=retain))
    assert loss == pytest.approx(expected, rel=1e-5)
    np.testing.assert_allclose(grad, slope, rtol=1e-4, atol=1e-5)
