"""NGDiff: gradients at length one (arXiv 2410.22086), and the step's length by a parabola (arXiv 2407.02772)."""

import copy
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from benchmark.config.recipe import Recipe
from benchmark.conformance.toy import toy_setup
from benchmark.models.forward import collate
from methods import load_method
from methods.base import Batch
from methods.ngdiff import NGDiff, lowest


@pytest.mark.parametrize("shares", [(1.0,), (0.5, 0.5)])
def test_step_follows_the_formula(toy, shares):
    def batches():
        for i, share in enumerate(shares):
            some = slice(None) if len(shares) == 1 else slice(i, i + 1)
            yield Batch(**{kind: collate(rows[some], 3) for kind, rows in toy.rows.items()}), share

    model = toy.Bigram(toy.student)
    loss = load_method("ngdiff").gradient(model, batches, Tensor.backward)
    forget, retain = (toy.slope(lambda t, k=kind: toy.nll(t, k), toy.student) for kind in ("forget", "retain"))
    expected = retain / np.linalg.norm(retain) - forget / np.linalg.norm(forget)
    np.testing.assert_allclose(model.table.grad.numpy(), expected, rtol=1e-3, atol=1e-4)
    assert loss.item() == pytest.approx(toy.nll(toy.student, "retain") - toy.nll(toy.student, "forget"), abs=1e-5)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        # (x - 3)^2 at -1, 0, 1; at -2, 0, 2
        ((1.0, 16.0, 9.0, 4.0), 3.0),
        ((2.0, 25.0, 9.0, 1.0), 3.0),
        ((1.0, 4.0, 9.0, 16.0), None),  # the lowest point lies behind
        ((1.0, -16.0, -9.0, -4.0), None),  # opens downwards
        ((1.0, 0.0, 0.0, 0.0), None),
    ],
)
def test_lowest_point_of_a_parabola(values, expected):
    assert lowest(*values) == expected


class Line(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(()))


def test_step_goes_to_the_lowest_retain_loss_and_its_length_is_kept(monkeypatch):
    monkeypatch.setattr("methods.ngdiff.nll", lambda model, rows: (model.weight - rows) ** 2)
    model, state, moves = Line(), {}, []

    def batches():
        for retain in (2.0, 4.0):  # (w - 2)^2 and (w - 4)^2, half each: lowest at 3
            yield SimpleNamespace(forget=-100.0, retain=retain, state=state), 0.5

    method = NGDiff(auto_lr=True, interval=2)
    for moved in (0.0, 1.0, 0.5, 0.25):  # the optimiser's steps; the first, at learning rate 0, is not measured
        method.gradient(model, batches, Tensor.backward)
        start = model.weight.item()
        with torch.no_grad():
            model.weight += moved
        method.after_step(model, batches)
        moves.append((model.weight.item() - start, state.get("scale")))
    # 0 + 3 * 1 = 3; then 3 * 0.5 = 1.5 beyond; at 4.5 a step of 0.25 leads further away: the scale stays
    assert moves == [(0.0, None), (3.0, 3.0), (1.5, 3.0), (0.75, 3.0)]


def test_scale_is_chosen_once_an_interval_and_changes_by_a_bounded_factor(monkeypatch):
    monkeypatch.setattr("methods.ngdiff.nll", lambda model, rows: (model.weight - rows) ** 2)
    model, state, scales = Line(), {}, []
    batch = SimpleNamespace(forget=-1.0, retain=1000.0, state=state)  # far away: each choice wants a much longer step
    method = NGDiff(auto_lr=True, interval=3, most_change=4.0)
    for _ in range(7):
        method.gradient(model, lambda: iter([(batch, 1.0)]), Tensor.backward)
        with torch.no_grad():
            model.weight += 1.0
        method.after_step(model, lambda: iter([(batch, 1.0)]))
        scales.append(state["scale"])
    assert scales == [4.0, 4.0, 4.0, 16.0, 16.0, 16.0, 64.0]
    assert model.weight.item() == sum(scales)


def test_scaling_the_step_is_scaling_the_learning_rate(monkeypatch):
    toy = toy_setup("llama")
    recipe = Recipe(epochs=2, lr=1e-3, batch_size=4, warmup_epochs=1, weight_decay=0.1)
    monkeypatch.setattr("methods.ngdiff.lowest", lambda *values: 2.0)
    scaled, _ = toy.run(NGDiff(auto_lr=True), copy.deepcopy(recipe))
    plain, _ = toy.run(NGDiff(), recipe.model_copy(update={"lr": 2e-3}))
    for mine, theirs, start in zip(scaled.parameters(), plain.parameters(), toy.reference.parameters(), strict=True):
        torch.testing.assert_close(mine, theirs, rtol=1e-4, atol=1e-5)
        assert not torch.equal(theirs, start)
