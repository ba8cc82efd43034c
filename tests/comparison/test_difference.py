"""Differences with intervals: what pairs share cancels, what they do not is counted, and limits of both make those of one."""

import math

import numpy as np
import pytest
from scipy.stats import t

from benchmark.comparison.difference import NO_VALUE, Spread, paired, scaled, seed_spread, unpaired


def without_each(values):
    """[1 + G] means of all authors, then without each."""
    return np.array([values.mean(), *(np.delete(values, i).mean() for i in range(len(values)))])


def test_a_paired_interval_of_means_is_that_of_the_paired_t_test():
    rng = np.random.default_rng(0)
    hard = 10 * rng.standard_normal(8)  # for both boards alike: it cancels
    gaps = rng.standard_normal(8)
    made = paired(without_each(hard), without_each(hard + gaps), "difference")
    reach = t.ppf(0.975, 7) * gaps.std(ddof=1) / math.sqrt(8)
    assert (made.value, made.low, made.high) == pytest.approx((gaps.mean(), gaps.mean() - reach, gaps.mean() + reach))
    assert made.covers == "paired: authors" and made.is_paired


def test_spreads_add_up_with_quantiles_of_their_own():
    a, b = without_each(np.array([1.0, 2, 3, 4])), without_each(np.array([1.5, 2, 4, 4]))
    spreads = [Spread(0.04, 2, "seeds"), Spread(0.09, 4, "retrained models"), Spread(0.01, 2, "seeds")]
    plain, wide = paired(a, b, "difference"), paired(a, b, "difference", spreads)
    added = sum(s.variance * t.ppf(0.975, s.degrees) ** 2 for s in spreads)
    assert (wide.high - wide.value) ** 2 == pytest.approx((plain.high - plain.value) ** 2 + added)
    assert wide.covers == "paired: authors and seeds and retrained models"


def test_a_ratio_is_taken_on_the_log_scale():
    a, b = without_each(np.array([1.0, 2, 3, 4])), without_each(np.array([2.0, 4, 6.5, 8]))
    made, turned = paired(a, b, "ratio"), paired(b, a, "ratio")
    assert made.value == pytest.approx(b[0] / a[0]) and made.low < made.value < made.high
    assert (turned.low, turned.high) == pytest.approx((1 / made.high, 1 / made.low))
    assert made.excludes_none and not paired(a, b * (a[0] / b[0]), "ratio").excludes_none


@pytest.mark.parametrize(
    ("a", "b", "kind", "value", "covers"),
    [
        (np.ones(5), np.ones(5), "difference", 0.0, "none: the same on both boards, author by author"),
        (np.ones(5), 2 * np.ones(5), "ratio", 2.0, "none: all authors gave the same"),
        (np.array([1.0, 1, 2, 3]), np.array([1.0, 2, 2, 2]), "difference", 0.0, "none: fewer than 4 authors"),
        (np.zeros(6), np.ones(6), "ratio", None, NO_VALUE),
    ],
)
def test_where_there_is_no_interval_the_reason_is_told(a, b, kind, value, covers):
    made = paired(a, b, kind)
    assert (made.value, made.low, made.high, made.covers) == (value, None, None, covers)
    assert not made.excludes_none


def test_unpaired_limits_by_hand():
    made = unpaired((1.0, 0.7, 1.4), (2.0, 1.6, 2.3), "difference")
    assert made.value == 1.0 and made.covers == "unpaired"
    assert made.low == pytest.approx(1 - 0.4 * math.sqrt(2)) and made.high == pytest.approx(1 + 0.3 * math.sqrt(2))
    ratio = unpaired((1.0, 0.5, 2.0), (4.0, 2.0, 8.0), "ratio")
    far = math.log(2) * math.sqrt(2)
    assert (ratio.value, ratio.low, ratio.high) == pytest.approx((4, 4 * math.exp(-far), 4 * math.exp(far)))
    assert unpaired((1e-3, None, None), (1e-5, None, None), "decades").value == pytest.approx(-2)


@pytest.mark.parametrize("numbers", [(None, None, None), (0.0, None, None)])
def test_what_is_no_number_on_both_boards_has_no_difference(numbers):
    made = unpaired(numbers, (0.5, 0.1, 0.9), "decades", why="none: a p-value")
    assert made.value is None and made.covers == NO_VALUE
    lone = unpaired((0.5, 0.1, 0.9), (0.6, None, None), "difference", why="none: one author")
    assert lone.value == pytest.approx(0.1) and lone.covers == "none: one author"


def test_the_spread_of_seeds_counts_from_three_on():
    assert seed_spread([1.0, 2.0], [(0, 0), (1, 0)], "difference") == []
    (spread,) = seed_spread([1.0, 2.0, 3.0], [(0, 0), (1, 0), (2, 0)], "difference")
    assert (spread.variance, spread.degrees) == pytest.approx((1 / 3, 2))
    assert np.isnan(scaled(0.0, "ratio")) and scaled(0.01, "decades") == pytest.approx(-2)


def test_paired_intervals_of_ratios_cover_what_they_say():
    """Root mean square distances of 8 authors whose difficulty both boards share; the true ratio is 1.25."""
    rng, held = np.random.default_rng(1), 0
    for _ in range(400):
        hard = np.exp(0.5 * rng.standard_normal(8))
        a, b = (hard * far * np.exp(0.2 * rng.standard_normal(8)) for far in (1.0, 1.25))
        made = paired(without_each(a), without_each(b), "ratio")
        held += made.low <= 1.25 <= made.high
    assert 0.91 <= held / 400 <= 0.99
