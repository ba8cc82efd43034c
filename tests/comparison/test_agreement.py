"""Orders by each column: what carries over from board to board, and which way is better."""

import pytest
from scipy.stats import kendalltau

from benchmark.comparison.compare import compare
from benchmark.comparison.tables import markdown
from tests.leaderboard.made_records import board_of, compared, make_record, measured, yardstick

NAMES = ("a", "b", "c", "d", "e", "f")
FORWARD, BACKWARD = (1.0, 2.0, 3.0, 4.0, 5.0, 6.0), (6.0, 5.0, 4.0, 3.0, 2.0, 1.0)


def board(folder, far, depth, residual, names=NAMES, **fields):
    rows = []
    for name, *numbers in zip(names, far, depth, residual, strict=True):
        own = dict(zip(("distance_largest", "depth", "residual"), map(measured, numbers), strict=True))
        rows.append(compared(name, numbers[0], metrics=own, **fields))
    retrained = make_record("retrained", 9, metrics={"residual": measured(0.1)})
    return board_of(folder, *yardstick(), retrained, *rows)


def agreed(one, other):
    return {own.column: own for own in compare(one, other, ("one", "other")).agreements}


def test_each_column_by_its_own_direction(tmp_path):
    depth = [x / 10 for x in FORWARD]
    one = board(tmp_path / "one", FORWARD, depth, [0.1, 0.2, 0.3, 0.4, 0.5, 0.6])
    other = board(tmp_path / "other", BACKWARD, depth, [0.1, 0.0, -0.1, 0.4, -0.3, 0.6])  # as far from 0.1
    made = agreed(one, other)
    assert (made["distance_largest"].tau.value, made["depth"].tau.value) == (-1.0, 1.0)
    assert made["residual"].tau.value == pytest.approx(kendalltau(range(6), range(6)).statistic)
    assert made["residual"].methods == 6 and "residual_worst" not in made
    text = markdown(compare(one, other, ("one", "other")))
    assert "| Distance | 6 | -1.00 " in text and "| Depth | 6 | 1.00 " in text


def test_methods_that_one_board_does_not_rank_or_measure_are_left_out(tmp_path):
    one = board(tmp_path / "one", FORWARD, FORWARD, FORWARD)
    other = board(tmp_path / "other", FORWARD[:5], FORWARD[:5], FORWARD[:5], names=NAMES[:5])
    assert agreed(one, other)["depth"].methods == 5
    assert agreed(one, board(tmp_path / "few", FORWARD[:4], FORWARD[:4], FORWARD[:4], names=NAMES[:4])) == {}
    costly = board(tmp_path / "costly", FORWARD, FORWARD, FORWARD, status="diverged")
    assert agreed(one, costly) == {}
