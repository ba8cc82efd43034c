"""P(first) by hand: the nearest of the rows that keep enough, draw by draw."""

import numpy as np
import pytest

from metrics.calibration.draws import error_draws, p_best
from metrics.calibration.first import p_first
from metrics.calibration.pareto import utility_draws


def test_the_nearest_row_that_keeps_enough_is_first():
    errors = np.array([[1.0, 2, 3], [1, 2, 3], [1, 2, 3], [1, 2, 3]])
    utility = np.array([[0.95, 0.95, 0.95], [0.8, 0.9, 0.95], [0.8, 0.8999, 0.95], [0.8, 0.8, 0.8]])
    assert p_first(errors, utility, 0.9).tolist() == [0.25, 0.25, 0.25]  # in the last draw nobody keeps enough


def test_rows_that_tie_share_a_draw_and_undefined_ones_are_never_first():
    errors = np.array([[1.0, 1.0, np.nan, np.inf, 0.5]])
    utility = np.array([[0.95, 0.95, 0.95, 0.95, np.nan]])
    assert p_first(errors, utility, 0.9).tolist() == [0.5, 0.5, 0, 0, 0]
    assert p_first(errors[:, 2:], utility[:, 2:], 0.9).tolist() == [0, 0, 0]


def test_where_all_rows_surely_keep_enough_it_is_p_best():
    board = np.random.default_rng(0).standard_normal((4, 1, 8)) + np.array([0, 0.1, 0.2, 1])[:, None, None]
    draws = error_draws({str(m): own for m, own in enumerate(board)})
    assert p_first(draws, np.ones_like(draws), 0.9).tolist() == p_best(draws).tolist()


def test_a_row_at_the_limit_is_first_in_half_of_the_draws():
    errors = np.tile([1.0, 2.0], (20_000, 1))
    utility = utility_draws(errors.shape, np.array([0.9, 0.99]), np.array([0.05, np.nan]), np.array([1e6, np.nan]))
    assert p_first(errors, utility, 0.9) == pytest.approx([0.5, 0.5], abs=0.01)


def test_draws_of_other_rows_are_refused():
    with pytest.raises(ValueError, match="same rows"):
        p_first(np.ones((4, 2)), np.ones((4, 3)), 0.9)
