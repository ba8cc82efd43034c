import math
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import ks_2samp

from benchmark.common import kolmogorov_smirnov
from benchmark.common.kolmogorov_smirnov import ks_two_sample
from benchmark.common.statistics import harmonic_mean, named_rng

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


def test_a_stream_is_its_names_own():
    first = named_rng("a").random(3)
    assert np.array_equal(named_rng("a").random(3), first) and not np.array_equal(named_rng("b").random(3), first)


def test_harmonic_mean_of_a_subnormal_is_zero_without_a_warning():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert harmonic_mean(np.array([1.0, 4.47628623e-309])) == 0.0
