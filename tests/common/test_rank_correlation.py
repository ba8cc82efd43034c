"""Rank correlations against SciPy's, their p-values against all orders, and what their intervals cover."""

import numpy as np
import pytest
from scipy.stats import kendalltau, rankdata, spearmanr

from benchmark.common.rank_correlation import FEWEST, kendall, mean_ranks, spearman
from benchmark.simulations import correlation


@pytest.mark.parametrize("n", [3, 6, 12])
@pytest.mark.parametrize("values", [4, 1000])
def test_values_are_scipys_with_and_without_ties(n, values):
    x, y = np.random.default_rng(n).integers(0, values, (2, n))
    assert kendall(x, y).value == pytest.approx(kendalltau(x, y).statistic)
    assert spearman(x, y).value == pytest.approx(spearmanr(x, y).statistic)
    assert mean_ranks(x) == pytest.approx(rankdata(x)) and mean_ranks(np.array([x, y]))[1] == pytest.approx(rankdata(y))


def test_p_is_exact_for_few_and_near_it_for_many():
    x, y = np.arange(7), np.array([1, 0, 2, 4, 3, 6, 5])
    assert kendall(x, y).p == pytest.approx(kendalltau(x, y, method="exact").pvalue)
    x, y = np.random.default_rng(0).standard_normal((2, 9))
    assert kendall(x, y).p == pytest.approx(kendalltau(x, y, method="exact").pvalue, abs=0.02)
    assert kendall(np.arange(12), np.arange(12)).p == pytest.approx(1e-4)


def test_an_interval_holds_its_value_and_none_is_told():
    x, y = np.random.default_rng(3).standard_normal((2, 12))
    for made in (kendall(x, x + y), spearman(x, x + y)):
        assert -1 <= made.low < made.value < made.high <= 1 and made.things == 12
    same = kendall(np.arange(8), np.arange(8))
    assert same.value == 1 and same.low is None and same.reason == "none: at a limit of its range"
    assert kendall([1, 2], [1, 2]).reason == f"fewer than {FEWEST}"
    assert spearman([1, 1, 1, 1], [1, 2, 3, 4]).reason == "an order of nothing but ties"


def test_what_are_no_two_lists_is_refused():
    for x, y in (([1, 2, 3], [1, 2]), ([1, 2, np.nan], [1, 2, 3])):
        with pytest.raises(ValueError, match="finite numbers are needed"):
            kendall(x, y)


def test_the_simulation_knows_the_truth_and_the_jackknife_covers_it():
    rng = np.random.default_rng(0)
    for kind in ("normal", "t2"):
        x, y = correlation.draw(rng, 3000, kind, 0.8)
        assert kendalltau(x, y).statistic == pytest.approx(correlation.true_value("tau", kind, 0.8), abs=0.03)
        assert spearmanr(x, y).statistic == pytest.approx(correlation.true_value("rho", kind, 0.8), abs=0.03)
    covered = correlation.coverage_of("tau", "normal", 0.8, correlation.true_value("tau", "normal", 0.8), 10, 200)
    assert covered[0] >= 93 and covered[2] < 20
