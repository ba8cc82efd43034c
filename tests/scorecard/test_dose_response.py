"""What a number makes of doses, by hand."""

import numpy as np
import pytest

from benchmark.scorecard.dose_response import is_detected, rank_correlation, retest, smallest_dose

RETRAINED = np.array([0.2, 0.3, 0.25])


def test_rank_correlation_is_1_where_the_reading_sinks_with_the_share():
    assert rank_correlation({0.05: -1.0, 0.25: -2.0, 1.0: -9.0}) == 1
    assert rank_correlation({0.05: -9.0, 0.25: -2.0, 1.0: -1.0}) == -1
    assert rank_correlation({0.05: -1.0, 0.1: -3.0, 0.25: -2.0, 1.0: -9.0}) == pytest.approx(0.8)  # 1 - 6 * 2 / 60
    assert rank_correlation({0.05: -1.0, 0.1: None, 0.25: -2.0, 1.0: -9.0}) == 1


@pytest.mark.parametrize(
    "readings", [{0.05: -1.0, 1.0: -2.0}, {0.05: -1.0, 0.1: None, 1.0: -2.0}, dict.fromkeys((0.1, 0.5, 1.0), -1.0)]
)
def test_too_few_shares_or_none_that_differ_have_no_correlation(readings):
    assert rank_correlation(readings) is None


def test_smallest_dose_is_the_one_from_which_on_all_are_detected():
    assert smallest_dose({0.05: False, 0.1: True, 0.5: True, 1.0: True}) == 0.1
    assert smallest_dose({0.05: True, 0.1: False, 0.5: True, 1.0: True}) == 0.5
    assert smallest_dose({1.0: True, 0.5: True, 0.05: True}) == 0.05
    assert smallest_dose({0.05: True, 1.0: False}) is None


@pytest.mark.parametrize(
    ("value", "direction", "detected"),
    [
        (0.31, "lower", True), (0.1, "lower", False), (0.3, "lower", False),
        (0.31, "higher", False), (0.1, "higher", True),
        (0.31, "target", True), (0.1, "target", True), (0.22, "target", False),
        (None, "target", False),
    ],
)  # fmt: skip
def test_detected_is_outside_the_range_on_the_worse_side(value, direction, detected):
    assert is_detected(value, RETRAINED, direction, p_value=False) is detected
    assert is_detected(value, np.array([]), direction, p_value=False) is False


def test_p_values_are_detected_at_5_percent_whatever_the_retrained_models_have():
    assert is_detected(0.05, RETRAINED, "higher", p_value=True) is True
    assert is_detected(0.051, RETRAINED, "higher", p_value=True) is False
    assert is_detected(0.01, np.array([]), "higher", p_value=True) is True


def test_retest_is_a_share_of_the_scale():
    assert retest(np.array([1.0, 2.0, 3.0]), 12.0) == pytest.approx(0.1)
    assert retest(np.array([1.0, 2.0, 3.0]), -8.0) == pytest.approx(0.1)
    assert retest(np.array([1.0]), 2.0) is None
    assert retest(np.array([1.0, 3.0]), None) is None
    assert retest(np.array([1.0, 3.0]), 2.0) is None
