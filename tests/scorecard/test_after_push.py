"""What pushing a pool does to a number, by hand."""

import numpy as np
import pytest

from benchmark.scorecard.after_push import shift


def test_the_share_of_the_way_to_those_that_know():
    assert shift(np.array([1.0, 3.0]), np.array([3.0, 4.0]), np.array([5.0, 7.0])) == pytest.approx(1.5 / 4)
    assert shift(np.array([1.0]), np.array([0.5]), np.array([2.0])) == pytest.approx(-0.5)


def test_nothing_to_share_is_undefined():
    none = np.array([])
    assert shift(none, np.array([1.0]), np.array([2.0])) is None
    assert shift(np.array([1.0]), none, np.array([2.0])) is None
    assert shift(np.array([1.0]), np.array([1.0]), none) is None
    assert shift(np.array([2.0]), np.array([1.0]), np.array([2.0])) is None
