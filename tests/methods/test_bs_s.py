"""BS-S: ascent on the answer and on answers sampled from the model (arXiv 2510.19422)."""

import numpy as np
import pytest
from torch import Tensor

from benchmark.common.errors import UserError
from benchmark.models.tokenization import TokenizedExample
from methods import load_method
from methods.bs_s import BSS
from tests.methods.sampled import EOS, Script

ANSWERS = {0: [[2, 0], [1]], 1: [[0, 0, 1], []]}  # two a row


def scripted(toy):
    return Script(toy, lambda model, row, epoch: ANSWERS[row])


def formula(toy, table, weight, each):
    """``each``: (table, row) -> the mean over the row's tokens of what is ascended."""
    gold = np.mean([each(table, row) for row in toy.rows["forget"]])
    means = []
    for number, row in enumerate(toy.rows["forget"]):
        prompt = row.ids[: row.start]
        samples = [TokenizedExample([*prompt, *answer, EOS], len(prompt)) for answer in ANSWERS[number]]
        means.append(np.mean([each(table, one) for one in samples]))
    return (1 - weight) * gold + weight * np.mean(means)


def mean_logp(toy):
    return lambda table, row: toy.s(table, row) / len(toy.pairs(row))


@pytest.mark.parametrize("weight", [0.0, 0.5, 1.0])
def test_loss_and_gradient_follow_the_formula(toy, weight):
    model, state = toy.Bigram(toy.student), {}
    method = BSS(samples=2, sample_weight=weight)
    loss = method.loss(model, scripted(toy).batch([0, 1], 0, state))
    loss.backward()

    def expected(table):
        return formula(toy, table, weight, mean_logp(toy)) + toy.nll(table, "retain")

    assert loss.item() == pytest.approx(expected(toy.student), rel=1e-5, abs=1e-6)
    np.testing.assert_allclose(model.table.grad, toy.slope(expected, toy.student), rtol=1e-3, atol=1e-5)
    assert state == {}  # a loss keeps nothing


def test_beliefs_within(toy):
    def each(table, row):
        logp = toy.logp(table)
        best = [np.argsort(table[a])[-2:] for a, _ in toy.pairs(row)]
        soft = [np.exp(table[a][b]) / np.exp(table[a][b]).sum() for (a, _), b in zip(toy.pairs(row), best, strict=True)]
        parts = zip(toy.pairs(row), best, soft, strict=True)
        return np.mean([0.8 * logp[a, y] + 0.2 * weights @ logp[a][b] for (a, y), b, weights in parts])

    loss = BSS(samples=2, belief_weight=0.2, top=2, retain="none").loss(
        toy.Bigram(toy.student), scripted(toy).batch([0, 1], 0, {})
    )
    assert loss.item() == pytest.approx(formula(toy, toy.student, 0.5, each), rel=1e-5)


def visits(toy, method, epochs, batches=((0, 1),), reference=None):
    """(epoch, rows) of every call of the sampler over training."""
    script, state, model = scripted(toy), {}, toy.Bigram(toy.student)
    for epoch in epochs:
        parts = [script.batch(list(numbers), epoch, state, reference) for numbers in batches]
        method.gradient(model, lambda parts=parts: ((part, 0.5) for part in parts), Tensor.backward)
    for _, asked, _, options in script.asked:
        assert asked is (model if reference is None else reference)
        assert options == {"count": method.samples, "temperature": method.temperature, "top_k": method.top_k}
    return [(epoch, rows) for epoch, _, rows, _ in script.asked]


@pytest.mark.parametrize(("interval", "expected"), [(1, [0, 1, 2, 3, 4]), (2, [0, 2, 4]), (3, [0, 3])])
def test_questions_are_asked_again_after_some_epochs(toy, interval, expected):
    method = BSS(samples=2, regeneration_epochs=interval)
    assert visits(toy, method, range(5)) == [(epoch, [0, 1]) for epoch in expected]
    assert visits(toy, method, range(5), [[1], [0]]) == [(epoch, [row]) for epoch in expected for row in (1, 0)]


def test_off_policy_asks_the_reference_once(toy):
    method = BSS(samples=2, regeneration_epochs=1, on_policy=False)
    assert visits(toy, method, range(5), reference=toy.Bigram(toy.original)) == [(0, [0, 1])]
    assert method.required() == ("samples", "retain", "reference")


def test_kept_answers_are_used(toy):
    script, state, model = scripted(toy), {}, toy.Bigram(toy.student)
    method = BSS(samples=2)
    method.gradient(model, lambda: iter([(script.batch([0, 1], 0, state), 1.0)]), Tensor.backward)
    later = Script(toy, lambda *_: pytest.fail("they are kept for another epoch"))
    loss = method.loss(model, later.batch([0, 1], 1, state))
    assert loss.item() == pytest.approx(method.loss(model, script.batch([0, 1], 0, {})).item(), rel=1e-6)


def test_settings_and_cost():
    method = load_method("bs_s")
    assert (method.sample_weight, method.samples, method.temperature, method.top_k) == (0.5, 3, 1.0, 50)
    assert method.required() == ("samples", "retain")
    # The answer, three samples, the retain row; three answers drawn every other epoch.
    assert method.forwards() == 1 + 3 + 1 + 1.5
    assert BSS(samples=2, regeneration_epochs=1, retain="none").forwards() == 1 + 2 + 2
    assert BSS(on_policy=False).forwards() == 1 + 3 + 1
    with pytest.raises(UserError, match="regeneration_epochs must be a whole number of at least 1"):
        BSS(regeneration_epochs=0)
