"""The calibration by retrained models against its definitions, and what it promises of data whose truth is known."""

import math

import numpy as np
import pytest
from scipy import stats

from metrics.calibration.distance import distance
from metrics.calibration.p_retrained import adjusted_p, p_retrained
from tests.metrics.retrained_models import ROWS, models


def plain_deviation(z, m):
    others = np.delete(z, m, axis=0)
    return math.sqrt(np.mean((z[m] - others.mean(axis=0)) ** 2))


@pytest.mark.parametrize("number", [2, 3, 6])
def test_distance_is_the_ratio_of_leave_one_out_deviations(number):
    pool = models(1 + number)
    own = plain_deviation(pool, 0) / math.sqrt(1 + 1 / number)
    others = [plain_deviation(pool[1:], k) / math.sqrt(1 + 1 / (number - 1)) for k in range(number)]
    made = distance(pool[0], pool[1:])
    assert made.value == pytest.approx(own / np.median(others))
    assert made.unit == pytest.approx(np.median(others))


@pytest.mark.parametrize("number", [3, 5, 9])
def test_a_held_out_retrained_model_has_a_median_distance_of_one(number):
    pools = [models(1 + number, seed, 40) for seed in range(1000)]
    assert np.median([distance(pool[0], pool[1:]).value for pool in pools]) == pytest.approx(1, abs=0.02)


def test_the_exact_p_is_the_rank_among_all_models():
    pool = models(20)
    order = np.argsort([plain_deviation(pool, m) for m in range(20)])  # nearest first
    ranks = [p_retrained(pool[m], np.delete(pool, m, axis=0)) for m in order]
    assert [test.p for test in ranks] == pytest.approx(np.arange(20, 0, -1) / 20)
    assert {test.kind for test in ranks} == {"exchangeability"}


def test_a_candidate_that_ties_with_a_retrained_model_is_not_further():
    pool = models(19)
    pool[6] += 3
    assert p_retrained(pool[6] + 0.0, pool).p == 2 / 20


def test_the_shift_is_tested_by_t():
    pool = models(6)
    means = pool.mean(axis=1)
    theirs = stats.ttest_ind(means[:1], means[1:])  # pooled: the variance is the five models' own
    assert p_retrained(pool[0], pool[1:]).p_shift == pytest.approx(theirs.pvalue)


def test_the_pattern_ignores_shifts_and_knows_spread():
    pool = models(6)
    test = p_retrained(pool[0], pool[1:])
    shifted = p_retrained(pool[0] + 5, pool[1:])
    wider = p_retrained(2 * (pool[0] - pool[1:].mean(axis=0)) + pool[1:].mean(axis=0), pool[1:])
    assert shifted.p_pattern == pytest.approx(test.p_pattern) and shifted.p_shift < 0.001
    assert wider.p_pattern < 0.01 < test.p_pattern
    assert wider.p == pytest.approx(2 * min(wider.p_shift, wider.p_pattern))


@pytest.mark.parametrize(("number", "shift"), [(3, 0.0), (5, 0.0), (5, 0.5), (9, 1.5), (19, 0.5)])
def test_retrained_models_are_rejected_as_often_as_promised(number, shift):
    pools = [models(1 + number, seed, shift=shift) for seed in range(1000)]
    rejected = np.mean([p_retrained(pool[0], pool[1:]).rejects for pool in pools])
    assert 0.03 <= rejected <= 0.07  # the standard error is 0.007


@pytest.mark.parametrize("number", [5, 9, 19])
def test_a_tenth_of_the_rows_trained_in_is_noticed(number):
    pools = [models(1 + number, seed) for seed in range(50)]
    dose_of_a_tenth = np.where(np.arange(ROWS) % 10 == 0, 10.0, 0.0)
    assert all(p_retrained(pool[0] + dose_of_a_tenth, pool[1:]).rejects for pool in pools)


@pytest.mark.parametrize(
    ("number", "distance_says", "test_says"),
    [
        (0, "no retrained model", "no retrained model"),
        (1, "one retrained model", "one retrained model"),
        (2, "", "two retrained models: the test needs three"),
        (3, "", ""),
    ],
)
def test_too_few_retrained_models_are_no_guess(number, distance_says, test_says):
    pool = models(1 + number)
    far, test = distance(pool[0], pool[1:]), p_retrained(pool[0], pool[1:])
    assert (far.undefined, far.value is None) == (distance_says, bool(distance_says))
    assert (test.undefined, test.p is None) == (test_says, bool(test_says))


@pytest.mark.parametrize("number", [4, 19])
def test_alike_retrained_models_and_missing_rows(number):
    alike = np.tile(models(1), (number, 1))
    assert distance(models(1)[0], alike).undefined == p_retrained(models(1)[0], alike).undefined != ""
    pool = models(1 + number)
    pool[2, 3] = pool[0, 5] = np.nan
    whole = np.delete(pool, [3, 5], axis=1)
    assert p_retrained(pool[0], pool[1:]) == p_retrained(whole[0], whole[1:])
    assert distance(pool[0], pool[1:]) == distance(whole[0], whole[1:])
    assert p_retrained(pool[0], pool[1:]).rows == ROWS - 2


@pytest.mark.parametrize(("number", "p"), [(4, 0.0), (19, 1 / 20)])
def test_an_impossible_answer_is_infinitely_far(number, p):
    pool = models(1 + number)
    pool[0, 0] = -np.inf
    assert distance(pool[0], pool[1:]).value == math.inf
    assert p_retrained(pool[0], pool[1:]).p == p
    assert adjusted_p({"a": pool[0], "b": pool[0]}, {"a": pool[1:], "b": pool[1:]})["a"] == pytest.approx(p)


def test_shapes_must_fit():
    with pytest.raises(ValueError, match="a candidate"):
        distance(np.zeros(3), np.zeros((4, 5)))


@pytest.mark.parametrize("number", [5, 19])
def test_several_statistics_are_wrong_together_no_more_often_than_one(number):
    rejected = 0
    for seed in range(400):
        pools = {name: models(1 + number, [seed, i]) for i, name in enumerate(("ratio", "gold", "paraphrase"))}
        adjusted = adjusted_p({n: z[0] for n, z in pools.items()}, {n: z[1:] for n, z in pools.items()})
        rejected += min(adjusted.values()) <= 0.05
    assert 0.01 <= rejected / 400 <= 0.08


@pytest.mark.parametrize("number", [5, 19])
def test_one_statistic_that_tells_is_enough(number):
    pools = {"ratio": models(1 + number), "gold": models(1 + number, 1), "few": models(2, 2)}
    candidates = {name: pool[0] for name, pool in pools.items()} | {"gold": pools["gold"][0] + 6}
    adjusted = adjusted_p(candidates, {name: pool[1:] for name, pool in pools.items()})
    assert adjusted["gold"] <= 0.05 < adjusted["ratio"]
    assert adjusted["few"] is None
