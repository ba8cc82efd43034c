"""PMC: training on the model's own answers that are furthest from its first one (arXiv 2507.04219)."""

import math

import numpy as np
import pytest
from torch import Tensor

from benchmark.models.tokenization import TokenizedExample
from methods import load_method
from methods.pmc import PMC
from tests.methods.sampled import EOS, Script

# Words are "a", "b", "c" (tokens 0, 1, 2). Each row's first answer, and what it samples in epochs 0, 1, 2, 3. Scores are
# the longest common subsequence with the first answer, in shares of its words.
FIRST = {0: [0, 1, 0, 1], 1: [1, 2]}
SAMPLED = {
    0: [
        [[0, 1], [1, 2, 0], [2, 1, 2, 0], [0, 1, 0]],  # 2/4, 2/4, 2/4, 3/4: the first of equals
        [[0, 1, 0], [1, 0, 1, 0]],  # 3/4, 3/4: worse, the kept one stays
        [[1, 0], [0, 2, 0]],  # 2/4, 2/4: as good, and newer
        [[2, 0], [2, 1]],  # 1/4
    ],
    1: [[[1], [2]], [[2], [0, 0]], None, None],  # 1/2; then 0: never asked again
}
BEST = {0: [[0, 1], [0, 1], [1, 0], [2, 0]], 1: [[1], [0, 0], [0, 0], [0, 0]]}
SCORES = {0: [0.5, 0.5, 0.5, 0.25], 1: [0.5, 0.0, 0.0, 0.0]}


def scripted(toy, reference):
    def answers(model, row, epoch):
        return [FIRST[row]] if model is reference else SAMPLED[row][epoch]

    return Script(toy, answers)


def expected(toy, table, answers):
    rows = []
    for number, answer in answers.items():
        row = toy.rows["forget"][number]
        prompt = row.ids[: row.start]
        rows.append(TokenizedExample([*prompt, *answer, EOS], len(prompt)))
    return np.mean([-toy.s(table, row) / len(toy.pairs(row)) for row in rows]) + 1.25 * toy.nll(table, "retain")


@pytest.mark.parametrize("batches", [[[0, 1]], [[1], [0]]], ids=["one batch", "micro-batches"])
def test_training_by_hand(toy, batches):
    reference, model, state = toy.Bigram(toy.original), toy.Bigram(toy.student), {}
    script = scripted(toy, reference)
    for epoch in range(4):
        model.table.grad = None
        parts = [(script.batch(numbers, epoch, state, reference), len(numbers) / 2) for numbers in batches]
        loss = PMC().gradient(model, lambda parts=parts: iter(parts), Tensor.backward)
        answers = {row: BEST[row][epoch] for row in (0, 1)}
        assert {row: state["best"][row].score for row in (0, 1)} == {row: SCORES[row][epoch] for row in (0, 1)}
        assert loss.item() == pytest.approx(expected(toy, toy.student, answers), rel=1e-5)
        slope = toy.slope(lambda table, answers=answers: expected(toy, table, answers), toy.student)
        np.testing.assert_allclose(model.table.grad, slope, rtol=1e-3, atol=1e-5)
    greedy = [options for _, asked, _, options in script.asked if asked is reference]
    assert greedy == [{"count": 1, "top_k": 1}] * len(batches)  # once a run
    sampled = [(epoch, row) for epoch, asked, rows, _ in script.asked if asked is model for row in rows]
    assert sorted(sampled) == [(0, 0), (0, 1), (1, 0), (1, 1), (2, 0), (3, 0)]
    options = next(options for _, asked, _, options in script.asked if asked is model)
    assert options == {"count": 20, "temperature": 0.9, "top_k": 50, "top_p": 0.95}


def test_a_loss_keeps_nothing(toy):
    reference, state = toy.Bigram(toy.original), {}
    batch = scripted(toy, reference).batch([0, 1], 0, state, reference)
    PMC().loss(toy.Bigram(toy.student), batch)
    assert state == {}


def test_score_by_hand():
    # "The cats sat on a mat" has six words; stemmed, "cat", "sat" and "mat" are in order.
    assert PMC().score("The cats sat on a mat", "A cat that sat, mat.") == pytest.approx(3 / 6)
    assert PMC().score("The cats sat on a mat", "") == 0
    short = PMC(min_words=5)
    assert short.score("The cats sat on a mat", "cat sat mat") == pytest.approx(3 / 6 + math.exp(-3))
    assert short.score("The cats sat", "the cats sat") == 1
    assert short.score("The cats sat on a mat", "no one knows that here") == 0  # five words are enough
    assert short.score("The cats", "") == pytest.approx(math.exp(-1))  # an empty answer counts as one word


def test_settings_and_cost():
    method = load_method("pmc")
    assert (method.retain_weight, method.samples, method.temperature, method.top_p) == (1.25, 20, 0.9, 0.95)
    assert method.required() == ("samples", "reference", "retain")
    assert method.forwards() == 1 + 20 + 1  # the best answer, the samples, the retain row
    assert PMC(samples=5, retain="none").forwards() == 6
