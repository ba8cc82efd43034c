"""Which rows a dose holds."""

from collections import Counter

import pytest

from benchmark.data.doses import dose_rows
from benchmark.data.types import Example

ROWS = tuple(Example(f"q{i}", f"a{i}", author=i // 20) for i in range(80))


@pytest.mark.parametrize("share", [0.05, 0.1, 0.25, 0.5, 1.0])
def test_a_dose_is_spread_evenly_and_in_order(share):
    rows = dose_rows(ROWS, share)
    assert set(Counter(row.author for row in rows).values()) == {20 * share}
    assert list(rows) == sorted(rows, key=ROWS.index)


def test_doses_are_nested_and_differ_by_seed():
    small, large = dose_rows(ROWS, 0.1), dose_rows(ROWS, 0.25)
    assert set(small) < set(large)
    assert set(dose_rows(ROWS, 0.1, seed=1)) != set(small)


def test_rows_of_nobody_and_the_smallest_dose():
    rows = tuple(Example(f"q{i}", "a") for i in range(7))
    assert len(dose_rows(rows, 0.01)) == 1 and len(dose_rows(rows, 0.5)) == 4


@pytest.mark.parametrize("share", [0.0, -0.1, 1.5])
def test_no_such_share(share):
    with pytest.raises(ValueError, match="share"):
        dose_rows(ROWS, share)
