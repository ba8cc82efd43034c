"""Exact memorization, extraction strength, paraphrase and truth probability: worked by hand."""

import math

import numpy as np
import pytest

import metrics
from benchmark.evaluation.scores import Scores
from tests.metrics.factory import answer, empty_answer, make_set, recited, tokens

LN2 = math.log(2)


def measure(name, rows, set_name="forget"):
    measured = metrics.measure_all(Scores({set_name: rows}), names=[name])
    return measured[f"{set_name}_{name}"]


@pytest.mark.parametrize(
    ("is_greedy", "strength", "share"),
    [
        ([1, 1, 1, 1], 1.0, 1.0),  # all right: nothing need be given
        ([0, 0, 0, 0], 0.0, 0.0),  # all wrong: 0, and not the 1/4 of a loop that stops early
        ([1, 1, 1, 0], 0.0, 0.75),  # the last is wrong: the whole answer would have to be given
        ([0, 1, 1, 1], 0.75, 0.75),  # k = 1
        ([1, 0, 1, 1], 0.5, 0.75),  # k = 2: greedy tokens before the last miss do not help
        ([0, 0, 0, 1], 0.25, 0.25),  # k = 3
        ([1], 1.0, 1.0),  # one token
        ([0], 0.0, 0.0),
    ],
)
def test_hits_by_hand(is_greedy, strength, share):
    rows = make_set([recited(is_greedy)])
    assert measure("extraction_strength", rows).value == strength
    assert measure("exact_memorization", rows).value == share


@pytest.mark.parametrize("name", ["extraction_strength", "exact_memorization"])
def test_closing_eos_does_not_count(name):
    for eos in (True, False):
        row = tokens([0.9, 0.9, 0.9], [True, True, eos])
        assert measure(name, make_set([row])).value == 1.0


@pytest.mark.parametrize("name", ["extraction_strength", "exact_memorization"])
def test_mean_and_undefined_rows(name):
    # 1, 0 and three rows without a value: nothing before the EOS, nothing at all, NaN likelihood
    rows = make_set([recited([1, 1]), recited([0, 0]), recited([]), empty_answer(), tokens([0.5, math.nan])])
    m = measure(name, rows)
    assert (m.value, m.n) == (0.5, 2)
    assert m.undefined == {
        "gold answer without tokens": 1,
        "gold answer: log-likelihood is NaN or above 0": 1,
        "gold answer without tokens before its EOS": 1,
    }
    assert m.per_example[:2].tolist() == [1.0, 0.0] and np.isnan(m.per_example[2:]).all()
    assert measure(name, make_set([])).undefined == {"no rows": 1}


def test_paraphrase_probability():
    # p = 1/2 and 1/8: mean 5/16; None and the gold answer's nll do not enter
    m = measure("paraphrase_probability", make_set([9.0] * 3, [LN2, 3 * LN2, None]))
    assert m.value == pytest.approx(0.3125, rel=1e-14)
    assert m.undefined == {"no paraphrase": 1}
    ends = measure("paraphrase_probability", make_set([1.0] * 2, [0.0, math.inf]))
    assert ends.per_example.tolist() == [1.0, 0.0]
    assert measure("paraphrase_probability", make_set([1.0], [40.0])).value == pytest.approx(math.exp(-40))


def test_truth_probability():
    # correct 1/2; wrong 1/4 and 1/16, geometric mean 1/8: (1/2) / (1/2 + 1/8) = 4/5
    m = measure("truth_probability", make_set([1.0], [LN2], [[2 * LN2, 4 * LN2]]))
    assert m.value == pytest.approx(0.8, rel=1e-14)
    # R = exp(ln 1/2 - ln 1/8) the other way round: 1 / (1 + R) with R = 1/4
    r = measure("truth_ratio", make_set([1.0], [LN2], [[2 * LN2, 4 * LN2]])).per_example[0]
    assert 1 / (1 + math.exp(r)) == pytest.approx(m.value, rel=1e-14)


@pytest.mark.parametrize(
    ("correct", "wrong", "value"),
    [
        (40.0, 40.0, 0.5),  # collapsed, both alike: no epsilon decides
        (40.0, 41.0, 1 / (1 + math.exp(-1))),
        (800.0, 801.0, 1 / (1 + math.exp(-1))),  # exp(-800) is 0 as a double
        (0.0, 800.0, 1.0),
        (800.0, 0.0, 0.0),
    ],
)
def test_truth_probability_of_a_collapsed_model(correct, wrong, value):
    m = measure("truth_probability", make_set([1.0], [correct], [[wrong]]))
    assert m.value == pytest.approx(value, rel=1e-12, abs=1e-300)


def test_truth_probability_undefined():
    m = measure("truth_probability", make_set([1.0] * 3, [LN2, None, LN2], [[LN2], [LN2], []]))
    assert (m.value, m.n, m.undefined) == (0.5, 1, {"no paraphrase": 1, "no wrong answers": 1})
    assert measure("truth_probability", make_set([1.0], [answer(math.inf)], [[1.0]])).undefined == {
        "infinite log-likelihood": 1
    }
