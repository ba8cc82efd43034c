"""The simulation of ranks: its made-up data are what it says, and its tables move as the truth does."""

import numpy as np
import pytest

from benchmark.simulations._boards import SPREADS
from benchmark.simulations._pair_tests import TESTS, power_compared, wrong_compared
from benchmark.simulations.ranks import calibration, power, tables, wrong_with_seeds


@pytest.mark.parametrize("spread", SPREADS, ids=lambda spread: spread.name)
def test_equal_rows_are_equal(spread):
    board = spread.draw(np.random.default_rng(0), 40, 20_000)
    deviations = board.std(axis=1)
    assert board.mean(axis=1) == pytest.approx(np.zeros(40), abs=0.15)
    assert np.median(deviations) == pytest.approx(1, abs=0.2)
    assert (np.ptp(deviations) > 1) == (bool(spread.uneven) or spread.wide > 1)


def test_a_row_that_is_better_by_more_is_called_the_best_more_often():
    made = power(4).query("rows == '15' and authors == 20").set_index("better by")
    assert made["P(best)"].is_monotonic_increasing
    assert made.loc["2", "called the best"] == 1 and made.loc["0.5", "called the best"] == 0
    assert made.loc["2", "rows that may be the best"] == 1


def test_runs_that_differ_by_seed_are_called_different():
    made = wrong_with_seeds(20).set_index(["shift", "seeds"])["55 rows"]
    assert made["0.4", "1"] > 50 > made["0.1", "3"]


def test_all_rows_of_all_boards_are_counted():
    made = calibration(5)
    boards = made.groupby(["spread of truths", "seeds"])["number"].apply(lambda n: n.astype(int).sum())
    assert set(boards) == {5 * 15}
    assert made["mean stated"].between(0, 1).all()


def test_the_tables_are_the_same_each_time():
    assert [table.markdown() for table in tables(8)] == [table.markdown() for table in tables(8)]


def test_the_tests_of_pairs_agree_on_clear_boards():
    means = np.random.default_rng(0).standard_normal((4, 20)) + [[0], [5], [5], [20]]
    expected = [True, True, True, False, True, True]
    assert [test(means).tolist() for test in TESTS.values()] == [expected] * 3


def test_only_the_test_of_one_scale_is_changed_by_a_rescaled_pair():
    """Rows 0 and 1 differ on all authors by the same: sure if divided by its own size, little beside the wide row."""
    means = np.random.default_rng(0).standard_normal((3, 20)) * [[1], [1], [100]]
    means[1] = means[0] + 1 + 0.1 * means[1]
    pair = {name: bool(test(means)[0]) for name, test in TESTS.items()}
    assert list(pair.values()) == [False, True, True]


def test_identical_rows_are_called_different_by_no_test():
    means = np.repeat(np.random.default_rng(0).standard_normal((1, 20)), 4, axis=0)
    assert not any(test(means).any() for test in TESTS.values())


def test_only_one_scale_holds_the_level_where_rows_are_skewed_to_both_sides():
    made = wrong_compared(8).set_index(["spread", "authors", "rows"]).loc[("skewed to both sides", "20", "55")]
    assert made.iloc[0] <= 15 and made.iloc[1:].min() > 20


def test_its_price_is_power_where_some_rows_are_wide():
    made = power_compared(4).query("authors == '20' and `better by` == '2'").groupby("spread")[list(TESTS)].mean()
    assert made.loc["normal"].iloc[0] > 95 and made.loc["a third five times as wide"].iloc[0] < 30
    assert made.loc["a third five times as wide"].iloc[1] > 50
