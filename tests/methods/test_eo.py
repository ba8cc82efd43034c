"""EO: entropy terms on forget and retain rows, added to a forget loss (arXiv 2410.03523)."""

import numpy as np
import pytest

from benchmark.common.errors import UserError
from benchmark.models.forward import collate
from methods import load_method
from methods.eo import EO, likelihood_and_entropy


def entropy(toy, table, kind):
    p = np.exp(toy.logp(table))
    at = -(p * np.log(p)).sum(-1)
    return np.mean([np.mean([at[a] for a, _ in toy.pairs(row)]) for row in toy.rows[kind]])


def npo(toy, table, beta):
    gaps = [toy.s(table, row) - toy.s(toy.original, row) for row in toy.rows["forget"]]
    return np.mean([2 / beta * np.log1p(np.exp(beta * gap)) for gap in gaps])


@pytest.mark.parametrize(
    ("name", "base"),
    [
        ("eo", lambda toy, t: npo(toy, t, 0.05) + toy.nll(t, "retain")),
        ("eo_grad_diff", lambda toy, t: -toy.nll(t, "forget") + toy.nll(t, "retain")),
        ("eo_ga", lambda toy, t: -toy.nll(t, "forget")),
    ],
)
def test_settings_of_the_authors(toy, name, base):
    method = load_method(name)
    assert (method.forget_entropy, method.retain_entropy) == (1, -0.25)
    toy.agrees(method, lambda t: base(toy, t) + entropy(toy, t, "forget") - entropy(toy, t, "retain") / 4)


def test_weights_of_the_terms(toy):
    method = EO(beta=0.5, retain_weight=0.3, forget_entropy=2.0, retain_entropy=0.0)
    toy.agrees(method, lambda t: npo(toy, t, 0.5) + 0.3 * toy.nll(t, "retain") + 2 * entropy(toy, t, "forget"))


def test_impossible_tokens_add_no_entropy(toy):
    table = toy.student.copy()
    table[:, 0] = -np.inf
    p = np.exp(table[:, 1:]) / np.exp(table[:, 1:]).sum(-1, keepdims=True)
    at = -(p * np.log(p)).sum(-1)
    expected = np.mean([np.mean([at[a] for a, _ in toy.pairs(row)]) for row in toy.rows["retain"]])
    _, mean = likelihood_and_entropy(toy.Bigram(table), collate(toy.rows["retain"], 3))
    assert mean.item() == pytest.approx(expected, rel=1e-5)


def test_wrong_forget_loss_is_refused():
    with pytest.raises(UserError, match="'npo' or 'ga', not 'GA'"):
        EO(forget="GA")
