"""The chance of being below 90 % against counting, and the page that says it."""

import numpy as np
import pytest

from benchmark.common.tables import markdown
from benchmark.simulations.utility_kept import below, tables
from metrics.utility_kept import CARRY
from tests.conftest import ROOT


def test_of_one_answer_it_is_lost_and_none_gained():
    assert below(1, lost=0.3, gained=0.2) == pytest.approx(0.3 * 0.8)
    assert below(1, lost=1.0, gained=1.0) == 0
    assert below(10, lost=1.0, gained=0.0) == 1


def test_exactly_nine_of_ten_is_not_below():
    one, none = 10 * 0.1 * 0.9**9, 0.9**10
    assert below(10, lost=0.1, gained=0.0) == pytest.approx(1 - none - one)


def test_sampled():
    rng = np.random.default_rng(0)
    left = 50 - rng.binomial(50, 0.2, 100_000) + rng.binomial(50, 0.1, 100_000)
    assert below(50, lost=0.2, gained=0.1) == pytest.approx(np.mean(left < 45), abs=0.01)


def test_the_page_has_these_tables_and_the_row_that_the_metric_stands_on():
    made = tables()
    assert (ROOT / "docs" / "simulations" / "utility_kept.md").read_text(encoding="utf-8") == markdown(made)
    assert made[0].frame.set_index("right answers").loc[str(CARRY), "10 % turn over"] < 5
