"""The delete-one-author jackknife against a plain loop, SciPy's t, and cases with a known answer."""

import math

import numpy as np
import pytest
from scipy import stats
from scipy.special import expit, logit

from benchmark.common.jackknife import Interval, clusters, from_scale, jackknife, jackknife_mean, to_scale

AUTHORS = np.repeat(np.arange(5), [2, 3, 4, 5, 6])
VALUES = np.random.default_rng(0).uniform(0.1, 0.9, 20)
FORWARD = {"identity": float, "log": math.log, "logit": logit}
BACK = {"identity": float, "log": math.exp, "logit": expit}


def plain_variance(values, authors, scale):
    """(G - 1) / G times the sum of squares of the means without each author, on the scale; and G."""
    names = sorted(set(authors))
    without = [
        FORWARD[scale](np.mean([v for v, a in zip(values, authors, strict=True) if a != name])) for name in names
    ]
    middle = sum(without) / len(names)
    return (len(names) - 1) / len(names) * sum((x - middle) ** 2 for x in without), len(names)


def mean_of(values):
    return lambda stay: float(values[stay["rows"]].mean())


@pytest.mark.parametrize("scale", ["identity", "log", "logit"])
def test_a_mean_against_a_plain_loop(scale):
    variance, count = plain_variance(VALUES, AUTHORS, scale)
    center = FORWARD[scale](VALUES.mean())
    reach = stats.t.ppf(0.975, count - 1) * math.sqrt(variance)
    for made in (jackknife_mean(VALUES, AUTHORS, scale), jackknife(mean_of(VALUES), {"rows": AUTHORS}, scale)):
        assert (made.low, made.high) == pytest.approx((BACK[scale](center - reach), BACK[scale](center + reach)))
        assert (made.center, made.se, made.degrees) == pytest.approx((center, math.sqrt(variance), count - 1))
        assert (made.scale, made.units) == (scale, count)


def test_authors_of_one_row_each_give_the_t_interval_of_a_mean():
    made = jackknife_mean(VALUES, np.arange(20))
    theirs = stats.t.interval(0.95, 19, VALUES.mean(), stats.sem(VALUES))
    assert (made.low, made.high) == pytest.approx(theirs)
    nobody = jackknife_mean(VALUES, np.full(20, -1))  # rows of nobody are authors of their own
    assert (nobody.low, nobody.high, nobody.units) == (pytest.approx(made.low), pytest.approx(made.high), 20)


def test_two_sides_add_up_and_have_satterthwaites_degrees():
    """The difference of two means is Welch's, whose degrees are these."""
    other = np.random.default_rng(1).normal(0.5, 1, 6)
    made = jackknife(
        lambda stay: float(VALUES[stay["a"]].mean() - other[stay["b"]].mean()), {"a": np.arange(20), "b": np.arange(6)}
    )
    theirs = stats.ttest_ind(VALUES, other, equal_var=False)
    assert made.degrees == pytest.approx(theirs.df)
    assert (made.low, made.high) == pytest.approx(tuple(theirs.confidence_interval(0.95)))
    assert made.units == 6


def test_a_row_without_a_value_takes_no_part():
    values, authors = np.append(VALUES, [np.nan, np.nan]), np.append(AUTHORS, [0, 9])
    assert jackknife_mean(values, authors, "logit") == jackknife_mean(VALUES, AUTHORS, "logit")


@pytest.mark.parametrize("scale", ["log", "logit"])
def test_limits_stay_in_range(scale):
    values = np.array([0.99, 0.999, 0.9999, 0.5])
    made = jackknife_mean(values, np.arange(4), scale)
    assert 0 < made.low < values.mean() < made.high and (scale == "log" or made.high < 1)
    assert jackknife_mean(values, np.arange(4)).high > 1


@pytest.mark.parametrize("count", [0, 1, 3])
def test_fewer_than_four_authors_are_no_interval(count):
    values, authors = VALUES[: 2 * count], np.repeat(np.arange(count), 2)
    why = "none: fewer than 4 authors"
    assert jackknife_mean(values, authors, "logit") == why
    if count:
        assert jackknife(mean_of(values), {"rows": authors}) == why
        both = {"rows": AUTHORS, "few": authors}
        assert jackknife(mean_of(VALUES), both) == why  # one side is enough
    assert isinstance(jackknife_mean(VALUES[:8], np.repeat(np.arange(4), 2)), Interval)


@pytest.mark.parametrize(
    ("values", "scale", "why"),
    [
        ([0.0] * 4, "logit", "none: at a limit of its range"),
        ([1.0] * 4, "logit", "none: at a limit of its range"),
        ([1.0, 0.0, 0.0, 0.0], "logit", "none: at a limit of its range"),  # nothing is left without the first
        ([0.0] * 4, "log", "none: at a limit of its range"),
        ([0.0] * 4, "identity", "none: all authors gave the same"),
        ([0.3] * 4, "logit", "none: all authors gave the same"),
        ([0.1 + 0.2, 0.3, 0.3, 0.3], "identity", "none: all authors gave the same"),  # but for rounding
    ],
)
def test_no_interval_and_why(values, scale, why):
    values = np.array(values)
    assert jackknife_mean(values, np.arange(4), scale) == why
    assert jackknife(mean_of(values), {"rows": np.arange(4)}, scale) == why


def test_a_number_that_is_undefined_without_one_author():
    undefined = jackknife(lambda stay: float("nan") if not stay["rows"][0] else 0.5, {"rows": np.arange(4)})
    assert undefined == "none: at a limit of its range"


def test_scales_are_inverse_and_infinite_at_the_limits():
    shares = np.array([1e-9, 0.2, 0.5, 1 - 1e-9])
    for scale in ("identity", "log", "logit"):
        assert from_scale(to_scale(shares, scale), scale) == pytest.approx(shares, rel=1e-9)
    assert to_scale(np.array([0.0, 1.0]), "logit").tolist() == [-math.inf, math.inf]
    assert from_scale(np.array([-800.0, 800.0]), "logit").tolist() == [0.0, 1.0]
    assert to_scale(0.0, "log") == -math.inf


def test_rows_of_nobody_are_clusters_of_their_own():
    codes, count = clusters(np.array([3, -1, 3, -1]))
    assert count == 3 and codes[0] == codes[2] and codes[1] != codes[3]
