"""Paired tests against brute force, SciPy, and the errors that they promise."""

import itertools
import math

import numpy as np
import pytest
from scipy.stats import permutation_test, ttest_1samp

from benchmark.common.paired import (
    DRAWS,
    holm,
    paired_p,
    paired_t_p,
    sign_flip_p,
    smallest_sign_flip_p,
    t_interval,
)


def differences(clusters, seed=0, shift=0.0):
    return np.random.default_rng([seed, clusters]).normal(shift, 1, clusters)


@pytest.mark.parametrize("clusters", [1, 2, 5, 9])
@pytest.mark.parametrize("shift", [0, 0.7, -2])
def test_sign_flips_are_all_sign_vectors(clusters, shift):
    d = np.round(differences(clusters, shift=shift), 1)  # one decimal: sums that tie, but for rounding
    signs = np.array(list(itertools.product((-1, 1), repeat=clusters)))
    tenths = np.round(10 * d).astype(int)
    assert sign_flip_p(d) == np.mean(np.abs(signs @ tenths) >= abs(tenths.sum()))


@pytest.mark.parametrize("shift", [0, 0.4, 0.8])
def test_drawn_signs_are_near_all_signs(shift):
    d = differences(14, shift=shift)
    everything = permutation_test((d,), np.mean, permutation_type="samples", n_resamples=np.inf, vectorized=False)
    p = sign_flip_p(d)
    # four standard errors of a share, and the one draw that is the data's own
    assert p == pytest.approx(everything.pvalue, abs=4 * math.sqrt(p * (1 - p) / DRAWS) + 1 / DRAWS)
    assert p == sign_flip_p(d)


@pytest.mark.parametrize(("clusters", "p"), [(1, 1.0), (5, 1 / 16), (6, 1 / 32), (13, 2**-12), (30, 1e-4)])
def test_the_smallest_p(clusters, p):
    assert sign_flip_p(np.arange(1, clusters + 1)) == smallest_sign_flip_p(clusters) == p


@pytest.mark.parametrize("clusters", [2, 4, 9])
@pytest.mark.parametrize("shift", [0, 1, -3])
def test_t_is_scipys(clusters, shift):
    d = differences(clusters, shift=shift)
    theirs = ttest_1samp(d, 0)
    assert paired_t_p(d) == pytest.approx(theirs.pvalue)
    limits = theirs.confidence_interval(0.95)
    assert t_interval(d) == pytest.approx((limits.low, limits.high))


@pytest.mark.parametrize("d", [[2.0], [0.1 + 0.2, 0.3, 0.3], [0.0] * 4])
def test_without_spread_t_is_undefined_and_signs_decide(d):
    assert math.isnan(paired_t_p(d)) and t_interval(d) is None
    assert paired_p(d) == sign_flip_p(d) == (1.0 if not any(d) else 2.0 ** (1 - len(d)))


@pytest.mark.parametrize(
    ("clusters", "level", "chosen"),
    [
        (5, 0.05, paired_t_p),
        (6, 0.05, sign_flip_p),
        (8, 0.05 / 11, paired_t_p),  # 2 / 2^8 = 0.0078
        (9, 0.05 / 11, sign_flip_p),
        (20, 0.05 / 39, sign_flip_p),
        (20, 1e-5, paired_t_p),
    ],
)
def test_the_test_that_can_reach_the_level(clusters, level, chosen):
    d = differences(clusters, shift=1)
    assert paired_p(d, level) == chosen(d) and paired_t_p(d) != sign_flip_p(d)


@pytest.mark.parametrize("test", [sign_flip_p, paired_t_p, paired_p, t_interval])
@pytest.mark.parametrize("bad", [[], [1.0, math.nan], [math.inf], [[1.0]]])
def test_differences_that_are_none(test, bad):
    with pytest.raises(ValueError, match="finite"):
        test(bad)


@pytest.mark.parametrize(("clusters", "draw"), [(4, "normal"), (6, "laplace"), (10, "normal"), (16, "laplace")])
def test_wrong_calls_are_as_rare_as_promised(clusters, draw):
    rng = np.random.default_rng([7, clusters])
    worlds = 600
    wrong = np.mean([paired_p(getattr(rng, draw)(0, 1, clusters)) <= 0.05 for _ in range(worlds)])
    # Six clusters reach 1/32 at best; three standard errors of 600 worlds are 0.027.
    assert wrong <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / worlds)
    assert wrong >= (1 / 32 if clusters == 6 else 0.05) - 0.03


@pytest.mark.parametrize(
    ("p", "adjusted"),
    [
        ([0.01, 0.04, 0.03], [0.03, 0.06, 0.06]),  # 3 x 0.01; 2 x 0.03; the largest no lower than the one before
        ([0.5, 0.5], [1.0, 1.0]),
        ([0.02], [0.02]),
        ([0.0, 0.9, 0.6], [0.0, 1.0, 1.0]),
        ([], []),
    ],
)
def test_holm_by_hand(p, adjusted):
    assert holm(p) == pytest.approx(adjusted)


def test_holm_is_the_step_down_rule():
    rng = np.random.default_rng(3)
    for _ in range(50):
        p = rng.uniform(0, 0.05, rng.integers(1, 12))
        called, left = set(), sorted(range(len(p)), key=lambda i: p[i])
        while left and p[left[0]] <= 0.05 / len(left):  # Holm 1979: step down until one fails
            called.add(left.pop(0))
        assert set(np.flatnonzero(holm(p) <= 0.05)) == called


@pytest.mark.parametrize("bad", [[0.5, math.nan], [1.1], [-0.1]])
def test_holm_refuses_what_is_no_p_value(bad):
    with pytest.raises(ValueError, match="leave out those"):
        holm(bad)
