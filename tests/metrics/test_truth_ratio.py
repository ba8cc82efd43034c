import math

import numpy as np
import pytest

from benchmark.evaluation.scores import Scores
from metrics.truth_ratio import TruthRatio
from tests.metrics.factory import answer, empty_answer, make_set

LN2 = math.log(2)


def measure(set_name, rows):
    measured = TruthRatio().measure(Scores({set_name: rows}))
    return measured[f"{set_name}_truth_ratio"]


# nll in units of ln 2. Row 1: correct 3, wrong 1 and 3 (mean 2): R = 2^(3 - 2) = 2. The arithmetic mean of
# the wrong probabilities, (1/2 + 1/8) / 2 over 1/8, would give 2.5. Row 2: correct 1, wrong 2 and 4 (mean 3):
# R = 2^-2 = 1/4. Row 3: correct 2, wrong 1 and 4 (mean 5/2): R = 2^-1/2.
CORRECT = [3 * LN2, LN2, 2 * LN2]
WRONG = [[LN2, 3 * LN2], [2 * LN2, 4 * LN2], [LN2, 4 * LN2]]
ROOT = 0.7071067811865476


def test_forget():
    m = measure("forget", make_set([9.0] * 3, CORRECT, WRONG))
    assert m.per_example == pytest.approx([LN2, -2 * LN2, -LN2 / 2])  # log R
    assert m.value == pytest.approx((0.5 + 0.25 + ROOT) / 3, rel=1e-14)  # min(R, 1/R)


def test_retain_has_the_paraphrase_as_its_right_answer():
    m = measure("retain", make_set([9.0] * 3, CORRECT, WRONG))
    assert m.value == pytest.approx((0 + 0.75 + 1 - ROOT) / 3, rel=1e-14)  # max(0, 1 - R)


@pytest.mark.parametrize("set_name", ["real_authors", "world_facts"])
def test_real_world_sets_have_the_gold_answer(set_name):
    m = measure(set_name, make_set(CORRECT, None, WRONG))
    assert m.value == pytest.approx((0 + 0.75 + 1 - ROOT) / 3, rel=1e-14)


def test_collapsed_model_is_not_decided_by_an_epsilon():
    # Everything at 40 nats: R = 1. P_wrong / (P_correct + 1e-10) would be e^-40 / 1e-10, about 4e-8.
    rows = make_set([40.0], [40.0], [[40.0] * 5])
    assert measure("forget", rows).value == 1.0
    assert measure("retain", rows).value == 0.0
    # 40 against 38: R = e^2, so min(R, 1/R) = e^-2
    rows = make_set([40.0], [40.0], [[38.0] * 5])
    assert measure("forget", rows).value == pytest.approx(0.1353352832366127)


def test_ratios_beyond_floating_point():
    rows = make_set([0.0] * 2, [2000.0, 0.0], [[0.0], [2000.0]])
    assert measure("forget", rows).per_example == pytest.approx([2000, -2000])
    assert measure("forget", rows).value == 0.0  # both far from 1
    assert measure("retain", rows).value == 0.5  # R = inf counts 0, R = 0 counts 1


def test_all_right_all_wrong_one_token():
    right, wrong = answer(0.0, tokens=1), answer(30.0, tokens=1)
    perfect = measure("world_facts", make_set([right], None, [[wrong] * 3]))
    assert perfect.value == pytest.approx(1 - math.exp(-30), rel=1e-15)
    assert measure("world_facts", make_set([wrong], None, [[right] * 3])).value == 0.0
    # A small difference must not drown in 1 - R: 1 - e^-1e-12 = 1e-12 - 5e-25
    small = measure("retain", make_set([0], [0.0], [[1e-12]]))
    assert small.value == pytest.approx(1e-12, rel=1e-9)


def test_undefined_rows_are_counted():
    inf, nan = math.inf, math.nan
    rows = make_set(
        [1.0] * 8,
        [1.0, None, empty_answer(), 1.0, 1.0, inf, nan, 1.0],
        [[1.0, 1.0], [1.0], [1.0], [], [1.0, empty_answer()], [1.0], [1.0], [1.0, inf]],
    )
    m = measure("forget", rows)
    assert (m.value, m.n) == (1.0, 1)
    assert m.undefined == {
        "no paraphrase": 1,
        "paraphrase without tokens": 1,
        "paraphrase: log-likelihood is NaN or above 0": 1,
        "no wrong answers": 1,
        "wrong answer without tokens": 1,
        "infinite log-likelihood": 2,
    }
    assert np.isnan(m.per_example).tolist() == [False] + [True] * 7
    only = measure("forget", make_set([1.0], [None], [[1.0]]))
    assert (only.value, only.n, only.undefined) == (None, 0, {"no paraphrase": 1})


def test_fewer_wrong_answers_than_the_widest_row():
    # mean over one wrong answer is that answer: log R = 1 - 3
    rows = make_set([0, 0], [1.0, 1.0], [[3.0], [1.0, 1.0]])
    assert measure("forget", rows).per_example == pytest.approx([-2.0, 0.0])
