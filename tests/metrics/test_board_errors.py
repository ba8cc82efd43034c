"""Errors of a board's rows, author by author, in the yardstick's unit: worked examples."""

import numpy as np
import pytest

from metrics.calibration.errors import board_errors


def test_an_error_is_the_largest_distance_of_an_author_s_rows():
    """By hand: retrained means 2 and 0 in every row, units sqrt(2) and 2 sqrt(2), 1 + 1 / K = 1.5."""
    one = np.array([[1.0, 1, 1, 1, 1], [3, 3, 3, 3, 3]])
    retrained = np.stack([one, 2 * one - 4], axis=1)  # [K = 2, T = 2, n = 5]
    near = np.array([[2.0, 4, 9, 2, 2], [2, 2, np.nan, 2, 8]])  # [S = 2, n]; the third question is dropped for all
    runs = np.stack([near, np.zeros((2, 5))], axis=1)
    made = board_errors({"a": runs, "b": np.full((1, 2, 5), 6.0)}, retrained, np.array([7, 7, 7, 3, 3]))
    scale = np.sqrt(1.5 * 2)  # of the first statistic, half of the second's
    assert made.errors["a"] == pytest.approx(np.array([[0, np.sqrt(2)], [np.sqrt(18), 0]]) / scale)
    assert made.errors["b"] == pytest.approx(np.array([[4, 4]]) / scale)  # 6 / 2 by the second statistic is less
    assert (made.rows, made.authors) == (4, 2)


def test_one_retrained_model_and_models_that_are_alike_give_no_unit():
    runs = {"a": np.ones((1, 1, 4))}
    assert board_errors(runs, np.zeros((1, 1, 4)), np.array([0, 0, 1, 1])).errors == {}
    assert board_errors(runs, np.ones((3, 1, 4)), np.array([0, 0, 1, 1])).errors == {}


def test_a_run_that_defines_nothing_takes_no_question_from_the_others():
    retrained, authors = np.array([[[-1.0] * 4], [[1.0] * 4]]), np.array([0, 0, 1, 1])
    made = board_errors({"a": np.ones((1, 1, 4)), "b": np.full((2, 1, 4), np.nan)}, retrained, authors)
    assert made.errors["a"] == pytest.approx(np.array([[1, 1]]) / np.sqrt(3)) and made.rows == 4
    assert np.isnan(made.errors["b"]).all() and made.errors["b"].shape == (2, 2)


def test_an_impossible_answer_is_an_infinite_error_but_not_of_the_yardstick():
    retrained = np.array([[[-1.0, -1, -np.inf]], [[1, 1, 0]]])
    made = board_errors({"a": np.array([[[-np.inf, 1, 1]]])}, retrained, np.array([0, 1, 1]))
    assert made.errors["a"] == pytest.approx(np.array([[np.inf, 1 / np.sqrt(3)]])) and made.rows == 2


@pytest.mark.parametrize(
    "shapes",
    [
        ((1, 1, 4), (2, 1, 5), 5),
        ((1, 1, 5), (2, 1, 5), 4),
        ((1, 5), (2, 5), 5),
        ((1, 1, 5), (0, 1, 5), 5),
        ((1, 2, 5), (2, 1, 5), 5),
    ],
)
def test_errors_need_one_number_of_questions_and_of_statistics(shapes):
    with pytest.raises(ValueError, match="are needed"):
        board_errors({"a": np.zeros(shapes[0])}, np.zeros(shapes[1]), np.arange(shapes[2]))
