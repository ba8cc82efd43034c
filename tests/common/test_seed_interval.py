"""Intervals of a mean over seeds against formulas written out by hand, and scipy's quantiles."""

import math

import numpy as np
import pytest
from scipy import stats

from benchmark.common.seed_interval import AND_SEEDS, TWO_SEEDS, SeedValue, log10_values, over_limits, over_seeds


def seeds(*numbers, kind="authors", degrees=19.0):
    return [SeedValue(value, se, degrees if se is not None else None, kind) for value, se in numbers]


def logit(p):
    return math.log(p / (1 - p))


def test_three_seeds_by_hand_on_the_logit_scale():
    own = seeds((0.2, 0.3), (0.3, 0.4), (0.5, 0.2))
    points = [logit(0.2), logit(0.3), logit(0.5)]
    middle = sum(points) / 3
    authors = (0.3**2 + 0.4**2 + 0.2**2) / 3
    between = sum((x - middle) ** 2 for x in points) / 2 / 3
    v = authors + between
    f = v**2 / (authors**2 / 19 + between**2 / 2)
    reach = stats.t.ppf(0.975, f) * math.sqrt(v)
    center = logit(1.0 / 3)  # of the mean, which is what the cell shows
    expected = [1 / (1 + math.exp(-(center + sign * reach))) for sign in (-1, 1)]
    limits, covers = over_seeds(own, "logit")
    assert limits == pytest.approx(expected, rel=1e-9)
    assert covers == "authors and seeds"


def test_two_seeds_have_their_authors_alone_and_say_so():
    limits, covers = over_seeds(seeds((0.2, 0.03), (0.6, 0.05)), "identity")
    reach = stats.t.ppf(0.975, 19) * math.sqrt((0.03**2 + 0.05**2) / 2)
    assert limits == pytest.approx((0.4 - reach, 0.4 + reach))
    assert covers == "authors" + TWO_SEEDS and "two seeds" in covers


def test_seeds_without_an_interval_of_their_own():
    why = "none: a p-value"
    assert over_seeds(seeds((1.0, None), (3.0, None), kind=why), "identity") == (None, why)
    limits, covers = over_seeds(seeds((1.0, None), (2.0, 0.5), (3.0, None), kind=why), "identity")
    reach = stats.t.ppf(0.975, 2) / math.sqrt(3)
    assert limits == pytest.approx((2 - reach, 2 + reach)) and covers == "seeds"


@pytest.mark.parametrize(
    ("values", "scale", "why"),
    [((0.3, 0.3, 0.3), "identity", "all seeds gave the same"), ((0.0, 0.2, 0.3), "log", "at a limit of its range")],
)
def test_where_there_is_no_interval(values, scale, why):
    assert over_seeds(seeds(*((v, None) for v in values)), scale) == (None, f"none: {why}")


def test_the_interval_covers_what_it_claims():
    # Seeds of deviation 1 around authors' common shift of deviation 1: the mean of 3 varies by 1 + 1/3.
    rng, inside = np.random.default_rng(0), 0
    for _ in range(2000):
        shift, values = rng.standard_normal(), rng.standard_normal(3)
        errors = np.sqrt(rng.chisquare(19, 3) / 19)
        own = [SeedValue(float(shift + x), float(e), 19.0, "authors") for x, e in zip(values, errors, strict=True)]
        (low, high), _ = over_seeds(own, "identity")
        inside += low <= 0 <= high
    assert 0.93 < inside / 2000 < 0.98


def test_limits_without_a_standard_error_are_not_made_narrower():
    values, own = [0.4, 0.5, 0.6], [(0.37, 0.5), (0.46, 0.6), (0.55, 0.7)]
    between = stats.t.ppf(0.975, 2) * 0.1 / math.sqrt(3)
    down = (0.03**2 + 0.04**2 + 0.05**2) / 3
    limits, covers = over_limits(values, own, [(s, 0) for s in range(3)])
    assert limits == pytest.approx((0.5 - math.sqrt(down + between**2), 0.5 + math.sqrt(0.1**2 + between**2)))
    assert covers == AND_SEEDS
    limits, covers = over_limits(values[:2], own[:2], [(0, 0), (1, 0)])
    assert limits == pytest.approx((0.45 - math.sqrt((0.03**2 + 0.04**2) / 2), 0.55)) and covers == TWO_SEEDS


def test_logarithms_of_p_values_that_have_underflowed():
    assert log10_values([0.01, 0.0, 0.0], [None, -400.0, None]) == pytest.approx([-2, -400, -math.inf])
