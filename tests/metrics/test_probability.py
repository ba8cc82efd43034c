import math

import numpy as np
import pytest

from benchmark.evaluation.scores import AnswerScores, Scores
from metrics.probability import Probability
from tests.metrics.factory import answer, empty_answer, make_set

LN2 = math.log(2)


def measure(set_name, rows):
    measured = Probability().measure(Scores({set_name: rows}))
    return measured[f"{set_name}_probability"]


@pytest.mark.parametrize("set_name", ["forget", "retain"])
def test_mean_of_exp_minus_nll(set_name):
    # p = 1/2 and 1/4: mean 3/8
    m = measure(set_name, make_set([LN2, 2 * LN2]))
    assert m.value == pytest.approx(0.375, rel=1e-14)
    assert m.per_example == pytest.approx([0.5, 0.25])
    assert (m.n, m.undefined) == (2, {})


def test_geometric_over_tokens_closing_eos_included():
    # token probabilities 1/2, 1/8 and EOS 1: geometric mean (1/16)^(1/3)
    logprobs = np.log([0.5, 0.125, 1.0])
    row = AnswerScores(logprobs, np.ones(3, bool), logprobs, logprobs)
    assert measure("forget", make_set([row])).value == pytest.approx(16 ** (-1 / 3), rel=1e-14)


@pytest.mark.parametrize(("nll", "p"), [(0.0, 1.0), (math.inf, 0.0), (40.0, 4.248354255291589e-18)])
def test_extremes(nll, p):
    assert measure("forget", make_set([answer(nll, tokens=1)])).value == pytest.approx(p, rel=1e-12)


@pytest.mark.parametrize("set_name", ["real_authors", "world_facts"])
def test_share_among_the_choices(set_name):
    # 1/2 / (1/2 + 1/4 + 1/8 + 1/8) = 1/2;   1/8 / (1/8 + 1/2 + 1/4 + 1/8) = 1/8
    rows = make_set([LN2, 3 * LN2], wrong_nll=[[2 * LN2, 3 * LN2, 3 * LN2], [LN2, 2 * LN2, 3 * LN2]])
    m = measure(set_name, rows)
    assert m.per_example == pytest.approx([0.5, 0.125], rel=1e-14)
    assert m.value == pytest.approx(0.3125, rel=1e-14)


@pytest.mark.parametrize("nll", [40.0, 1000.0])
def test_collapsed_model_keeps_the_ratio(nll):
    # Four answers, all equally improbable: 1/4. exp(-1000) is 0, so p / sum p would be 0 / 0.
    assert measure("world_facts", make_set([nll], wrong_nll=[[nll] * 3])).value == pytest.approx(0.25)


def test_choices_at_the_extremes():
    all_right = make_set([0.0], wrong_nll=[[math.inf] * 3])  # 1 / (1 + 0)
    all_wrong = make_set([math.inf], wrong_nll=[[0.0] * 3])  # 0 / (0 + 3)
    assert measure("real_authors", all_right).value == 1.0
    assert measure("real_authors", all_wrong).value == 0.0
    nothing = measure("real_authors", make_set([math.inf], wrong_nll=[[math.inf]]))
    assert (nothing.value, nothing.undefined) == (None, {"not a number": 1})


def test_a_row_with_fewer_wrong_answers_uses_those_it_has():
    # 1/2 / (1/2 + 1/2) = 1/2 although the other row has two wrong answers
    rows = make_set([LN2, LN2], wrong_nll=[[LN2], [LN2, LN2]])
    assert measure("world_facts", rows).per_example == pytest.approx([1 / 2, 1 / 3])


def test_undefined_rows_are_counted_and_left_out():
    rows = make_set([LN2, empty_answer(), math.nan])
    m = measure("forget", rows)
    assert (m.value, m.n) == (pytest.approx(0.5), 1)
    assert m.undefined == {
        "gold answer without tokens": 1,
        "gold answer: log-likelihood is NaN or above 0": 1,
    }
    assert np.isnan(m.per_example).tolist() == [False, True, True]

    rows = make_set([LN2] * 3, wrong_nll=[[], [LN2, empty_answer()], [LN2]])
    m = measure("world_facts", rows)
    assert (m.value, m.n) == (pytest.approx(0.5), 1)
    assert m.undefined == {"no wrong answers": 1, "wrong answer without tokens": 1}


def test_empty_set_and_missing_set():
    m = measure("forget", make_set([]))
    assert (m.value, m.n, m.undefined, m.low) == (None, 0, {"no rows": 1}, None)
    m = Probability().measure(Scores({}))["retain_probability"]
    assert (m.value, m.n, m.undefined) == (None, 0, {"set not scored": 1})
