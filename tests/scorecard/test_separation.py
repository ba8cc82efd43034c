"""AUC and its limits, by hand and by simulation."""

import math

import numpy as np
import pytest

from benchmark.scorecard.separation import auc, limits


def test_auc_counts_pairs_and_halves_ties():
    assert auc(np.array([3.0, 1.0]), np.array([2.0, 0.0])) == 3 / 4
    assert auc(np.array([1.0, 2.0]), np.array([1.0, 0.0])) == 3.5 / 4
    assert auc(np.array([0.0]), np.array([1.0, 2.0])) == 0
    assert auc(np.array([-1.0]), np.array([-np.inf])) == 1


@pytest.mark.parametrize(("never", "knows"), [([], [1.0]), ([1.0], []), ([math.nan], [1.0])])
def test_pools_without_a_reading_have_no_auc(never, knows):
    with pytest.raises(ValueError, match="two pools of defined readings"):
        auc(np.array(never), np.array(knows))


def test_limits_at_the_ends_are_those_of_ten_coins():
    low, high = limits(1.0, 10)
    assert (low, high) == (pytest.approx(0.025 ** (1 / 10)), 1.0)  # as Clopper and Pearson have it: 0.69
    assert limits(0.0, 10) == (0.0, pytest.approx(1 - low))


def test_limits_solve_their_equation_and_shrink():
    low, high = limits(0.8, 10)
    for theta in (low, high):
        divergence = 0.8 * math.log(0.8 / theta) + 0.2 * math.log(0.2 / (1 - theta))
        assert 10 * divergence == pytest.approx(math.log(2 / 0.05))
    assert low < 0.8 < high
    narrow = limits(0.8, 40)
    assert low < narrow[0] < 0.8 < narrow[1] < high
    tops = [limits(value, 10)[0] for value in (0.5, 0.9, 0.97, 1.0)]
    assert tops == sorted(tops) and len(set(tops)) == 4  # a better number never has the lower limit


def test_limits_cover_what_they_claim():
    rng = np.random.default_rng(0)
    for shift in (0.0, 1.0, 2.5):
        true = 0.5 * math.erfc(-shift / 2)  # of two normal distributions
        draws = [(rng.normal(shift, size=10), rng.normal(size=10)) for _ in range(300)]
        inside = [low <= true <= high for low, high in (limits(auc(a, b), 10) for a, b in draws)]
        assert np.mean(inside) >= 0.95


@pytest.mark.parametrize(("value", "models"), [(1.1, 3), (0.5, 0)])
def test_no_limits_of_what_is_no_auc(value, models):
    with pytest.raises(ValueError, match="an AUC of at least one model"):
        limits(value, models)
