"""The front of distance and utility by hand, and its shares of draws."""

import numpy as np
import pytest

from metrics.calibration.pareto import front, utility_draws

NONE = np.full(3, np.nan)


def p_front(draws, *kept):
    return front(draws, utility_draws(draws.shape, *kept)).mean(axis=0)


def test_a_row_that_is_beaten_in_both_is_off_the_front():
    assert front([1, 2, 3, 2.5], [0.5, 0.9, 0.8, 0.95]).tolist() == [True, True, False, True]


def test_equal_in_one_and_better_in_the_other_beats():
    assert front([1, 1, 2], [0.5, 0.6, 0.6]).tolist() == [False, True, False]


def test_two_rows_that_are_alike_do_not_beat_each_other():
    assert front([1, 1], [0.5, 0.5]).tolist() == [True, True]


def test_undefined_rows_are_never_on_it_and_beat_none():
    distance, kept = [1, 0, np.nan, np.inf, 2], [0.5, np.nan, 1, 1, 0.6]
    assert front(distance, kept).tolist() == [True, False, False, False, True]


def test_each_draw_has_its_own_front():
    draws = np.array([[1.0, 2, 3], [2, 1, 3]])
    assert front(draws, np.array([0.5, 0.5, 0.9])).tolist() == [[True, False, True], [False, True, True]]


def test_a_fixed_utility_leaves_the_shares_to_the_errors():
    draws = np.array([[1.0, 2, 3], [2, 1, 3], [1, 2, 3], [1, 2, 3]])
    assert p_front(draws, np.array([0.5, 0.5, 0.9]), NONE, NONE).tolist() == [0.75, 0.25, 1]


def test_utility_is_drawn_on_the_log_scale():
    """b is nearer; a is on the front where its utility is the larger: t > log(0.9 / 0.8) / 0.1."""
    from scipy.stats import t

    draws = np.tile([2.0, 1.0], (20_000, 1))
    made = p_front(draws, np.array([0.8, 0.9]), np.array([0.1, np.nan]), np.array([5, np.nan]))
    assert made == pytest.approx([t.sf(np.log(0.9 / 0.8) / 0.1, 5), 1], abs=0.01)


def test_an_undefined_utility_is_never_on_it():
    made = p_front(np.ones((4, 2)), np.array([np.nan, 0.1]), np.array([0.1, 0.1]), np.array([3.0, 3.0]))
    assert made.tolist() == [0, 1]


def test_the_shares_are_the_same_each_time_and_need_numbers_for_all_rows():
    draws = np.random.default_rng(0).standard_normal((1000, 3))
    kept, se, degrees = np.array([0.5, 0.6, 0.7]), np.full(3, 0.2), np.full(3, 9)
    assert p_front(draws, kept, se, degrees).tolist() == p_front(draws, kept, se, degrees).tolist()
    with pytest.raises(ValueError, match="3 rows"):
        p_front(draws, kept[:2], se, degrees)
