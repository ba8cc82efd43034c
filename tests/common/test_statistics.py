import math
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import ks_2samp

from benchmark.common import kolmogorov_smirnov
from benchmark.common.kolmogorov_smirnov import bootstrap_ks, ks_two_sample
from benchmark.common.statistics import (
    cluster_bootstrap_means,
    harmonic_mean,
    percentile_interval,
    resampling_units,
    two_level_interval,
)

# The tests call SciPy themselves; ks_two_sample says why it warns.
pytestmark = pytest.mark.filterwarnings("ignore:ks_2samp")


def rng(seed=0):
    return np.random.default_rng(seed)


# --- harmonic mean


def test_harmonic_mean():
    assert harmonic_mean([1.0, 0.5, 0.25]) == pytest.approx(3 / 7)  # 3 / (1 + 2 + 4)
    assert harmonic_mean([1.0, 0.0]) == 0.0
    assert math.isnan(harmonic_mean([1.0, math.nan]))
    assert harmonic_mean([[1.0, 1.0], [0.5, 0.25]], axis=1) == pytest.approx([1, 1 / 3])
    for bad in ([], [0.5, -0.1]):
        with pytest.raises(ValueError, match="harmonic mean"):
            harmonic_mean(bad)


# --- Kolmogorov-Smirnov

samples = st.lists(st.integers(0, 8), min_size=1, max_size=12)


@settings(max_examples=50, deadline=None)
@given(samples, samples)
def test_ks_is_scipys(a, b):
    test, theirs = ks_two_sample(a, b), ks_2samp(a, b)
    assert (test.statistic, test.pvalue) == (theirs.statistic, theirs.pvalue)
    assert test.log10_p == pytest.approx(math.log10(theirs.pvalue))
    assert (test.n, test.m) == (len(a), len(b))


@pytest.mark.parametrize("shift", [1, 3, 7, 15, 30])
@pytest.mark.parametrize(("n", "m"), [(30, 30), (30, 20), (7, 30), (1, 5)])
def test_tail_in_log_space_is_the_exact_distribution(n, m, shift):
    # _log_tail is only used where p underflows; where it does not, it must agree with SciPy's exact p.
    result = ks_2samp(np.arange(n), np.arange(m) + shift, method="exact")
    assert result.pvalue > 1e-300
    assert math.exp(kolmogorov_smirnov._log_tail(result.statistic, n, m)) == pytest.approx(result.pvalue, rel=1e-9)


def test_log10_p_beyond_underflow():
    n, m = 600, 650
    test = ks_two_sample(np.arange(n), np.arange(m) + 10_000)
    assert test.pvalue == 0.0
    # complete separation: two of the C(n + m, n) orders
    assert test.log10_p == pytest.approx(math.log10(2) - math.log10(math.comb(n + m, n)), rel=1e-9)
    # not complete, n = m = 700, h = 680: p = 2 C(1400, 700 + 680) / C(1400, 700); a next term needs h <= 350
    test = ks_two_sample(np.arange(700), np.arange(700) + 680)
    exact = math.log10(2) + math.log10(math.comb(1400, 1380)) - math.log10(math.comb(1400, 700))
    assert test.log10_p == pytest.approx(exact, rel=1e-9)
    # beyond the exact method: log10(2 e^(-2 D^2 nm / (n + m))) with D = 1, n = m = 12000
    test = ks_two_sample(np.arange(12_000), np.arange(12_000) + 20_000)
    assert test.log10_p == pytest.approx((math.log(2) - 12_000) / math.log(10))


@pytest.mark.parametrize("bad", [[], [1.0, math.nan], [math.inf]])
def test_ks_refuses_undefined_values(bad):
    with pytest.raises(ValueError, match="leave undefined rows out"):
        ks_two_sample(bad, [1.0])


def test_bootstrap_ks_draws_are_ks_tests_of_resamples():
    # The same generator gives the same counts: repeat one draw by hand, through SciPy.
    a, b = rng(1).integers(0, 9, 30).astype(float), rng(2).integers(2, 11, 30).astype(float)
    a[3], b[7] = math.nan, math.nan
    clusters = np.arange(30) // 4  # the last author has two rows: sizes differ between draws
    out = bootstrap_ks(a, b, clusters, 20, rng(3))
    counts = rng(3).multinomial(8, np.full(8, 1 / 8), size=20)[:, clusters]
    for d in range(20):
        x, y = np.repeat(a, counts[d]), np.repeat(b, counts[d])
        expected = ks_2samp(x[~np.isnan(x)], y[~np.isnan(y)])
        assert out.statistic[d] == pytest.approx(expected.statistic, abs=1e-12)
        assert out.pvalue[d] == pytest.approx(expected.pvalue, rel=1e-9)
        assert out.log10_p[d] == pytest.approx(math.log10(expected.pvalue), abs=1e-9)
    plain = bootstrap_ks(a, b, clusters, 20, rng(3), pvalues=False)
    assert plain.pvalue is None and np.array_equal(plain.statistic, out.statistic)


# --- resampling


def test_resampling_units():
    codes, units, kind = resampling_units([7, 7, 3, -1, -1])
    assert (units, kind) == (4, "authors")  # two authors, two rows of nobody
    assert codes[0] == codes[1] and len(set(codes)) == 4
    assert resampling_units([5, 5, 5])[1:] == (3, "rows")  # one author: only its rows are left to draw
    assert resampling_units([-1, -1, -1])[1:] == (3, "rows")
    assert resampling_units([1, 2, 3])[1:] == (3, "rows")  # one row an author: the same thing
    assert resampling_units([])[1:] == (0, "rows")


def test_cluster_draws_are_means_of_whole_authors():
    # Author 0: 0, 0, 0; author 1: 1. Two are drawn: {0,0} 0, {1,1} 1, {0,1} 1/4; shares 1/4, 1/4, 1/2.
    draws = cluster_bootstrap_means(np.array([[0.0], [0], [0], [1]]), [0, 0, 0, 1], 4000, rng())[:, 0]
    values, counts = np.unique(draws, return_counts=True)
    assert values.tolist() == [0.0, 0.25, 1.0]
    assert counts / 4000 == pytest.approx([0.25, 0.5, 0.25], abs=0.03)


def test_columns_share_the_draw_and_nan_is_left_out():
    values = rng(1).normal(size=(12, 1)) * np.array([[1.0, 2.0, 1.0]])
    values[:6, 2] = math.nan
    draws = cluster_bootstrap_means(values, np.arange(12) // 3, 50, rng())
    assert draws[:, 1] == pytest.approx(2 * draws[:, 0])
    counts = rng().multinomial(4, np.full(4, 0.25), size=50)
    expected = counts[:, 2] * values[6:9, 0].sum() + counts[:, 3] * values[9:, 0].sum()
    size = 3 * (counts[:, 2] + counts[:, 3])
    assert np.isnan(draws[size == 0, 2]).all() and (size == 0).any()
    assert draws[size > 0, 2] == pytest.approx(expected[size > 0] / size[size > 0])


def test_determined_by_the_generator():
    values, clusters = rng(5).normal(size=(20, 2)), np.arange(20) // 4
    first, same, other = (cluster_bootstrap_means(values, clusters, 30, rng(s)) for s in (1, 1, 2))
    assert np.array_equal(first, same) and not np.array_equal(first, other)
    ks = [bootstrap_ks(*values.T, clusters, 30, rng(s), pvalues=False).statistic for s in (1, 1, 2)]
    assert np.array_equal(ks[0], ks[1]) and not np.array_equal(ks[0], ks[2])


def test_percentile_interval():
    assert percentile_interval(np.arange(1001.0)) == pytest.approx((25, 975))
    assert percentile_interval(np.append(np.arange(101.0), math.nan), level=0.9) == pytest.approx((5, 95))
    assert percentile_interval([1.0]) is None
    assert percentile_interval([math.nan] * 5) is None
    assert percentile_interval([0.1, 0.1 + 1e-17, 0.3 - 0.2]) is None  # alike up to rounding
    assert percentile_interval([1e-100, 1e-90]) is not None  # small is not alike


def clustered(seed, authors=20, rows=10):
    """Rows that share half of their variance with their author; true mean 0."""
    r = rng(seed)
    clusters = np.repeat(np.arange(authors), rows)
    return r.normal(size=authors)[clusters] + r.normal(size=authors * rows), clusters


def width(values, clusters, seed=0):
    low, high = percentile_interval(cluster_bootstrap_means(values[:, None], clusters, 1000, rng(seed))[:, 0])
    return high - low


def test_clustered_rows_need_wider_intervals():
    # Variance of the mean: (1 + 1/10) / 20 by author against 2 / 200 by row: sqrt(5.5) = 2.3 times as wide.
    values, clusters = clustered(0)
    ratio = width(values, clusters) / width(values, np.full(200, -1))
    assert 1.6 < ratio < 3.2


def test_coverage():
    # 200 seeded worlds with 20 authors. The percentile bootstrap is a little narrow with so few clusters
    # (about 93 %); rows in place of authors would cover only about 60 %.
    is_greedy = {"authors": 0, "rows": 0}
    for seed in range(200):
        values, clusters = clustered(seed)
        for kind, by in (("authors", clusters), ("rows", np.full(len(values), -1))):
            draws = cluster_bootstrap_means(values[:, None], by, 300, rng(seed))[:, 0]
            low, high = percentile_interval(draws)
            is_greedy[kind] += low <= 0 <= high
    assert 0.87 <= is_greedy["authors"] / 200 <= 0.99
    assert is_greedy["rows"] / 200 < 0.75


# --- several seeds


def test_one_seed_has_no_interval():
    assert two_level_interval([clustered(0)], 100, rng()) is None
    assert two_level_interval([], 100, rng()) is None


def test_seeds_on_the_same_authors_do_not_average_the_authors_away():
    # The same values under every seed: seeds add nothing, and the interval stays that of the authors.
    values, clusters = clustered(3)
    low, high = two_level_interval([(values, clusters)] * 8, 2000, rng())
    assert high - low == pytest.approx(width(values, clusters), rel=0.1)
    # With rows of their own, eight seeds average eight sets of authors: about 1 / sqrt(8) of it, as the
    # seeds' means are all the same.
    own = [(values, clusters + 1000 * s) for s in range(8)]
    low, high = two_level_interval(own, 2000, rng())
    assert high - low == pytest.approx(width(values, clusters) / math.sqrt(8), rel=0.35)


def test_spread_between_seeds_is_covered():
    # No spread within a seed; two seeds at 0 and 1: means 0, 1/2, 1 with shares 1/4, 1/2, 1/4.
    clusters = np.arange(10)
    per_seed = [(np.zeros(10), clusters), (np.ones(10), clusters)]
    assert two_level_interval(per_seed, 2000, rng()) == (0.0, 1.0)
    assert two_level_interval(per_seed, 500, rng(1)) == two_level_interval(per_seed, 500, rng(1))
    # seeds that agree row for row, and rows that agree: nothing to say
    assert two_level_interval([(np.ones(10), clusters)] * 3, 200, rng()) is None


def test_harmonic_mean_of_a_subnormal_is_zero_without_a_warning():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert harmonic_mean(np.array([1.0, 4.47628623e-309])) == 0.0
