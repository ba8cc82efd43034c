"""The table on which distance orders a board, on a small one worked out by hand."""

import pytest

from benchmark.common.errors import UserError
from benchmark.comparison.headlines import report, table
from tests.leaderboard.made_records import board_of, compared, make_record, yardstick

KEPT = {"utility_kept": (0.95, 0.9, 1.0)}


def numbers(truth_ratio, gold):
    both = {"distance": (truth_ratio,), "distance_gold": (gold,), "distance_paraphrase": (gold,)}
    return both | {"distance_largest": (max(truth_ratio, gold),)} | KEPT


def cells(text):
    """Column -> its line's cells, by the table's heads."""
    head, _, *lines = [[cell.strip() for cell in line.strip("| ").split("|")] for line in text.splitlines()]
    return {line[0].strip("`"): dict(zip(head, line, strict=True)) for line in lines}


def test_a_filter_is_named_where_it_is_as_near_as_the_nearest_method(tmp_path):
    rows = [compared("npo", 2.0, metrics=numbers(3.0, 4.0)), compared("rkld", 5.0, metrics=numbers(5.0, 6.0))]
    controls = [
        make_record("guardrail", role="control", metrics=numbers(2.9, 50.0)),
        make_record("refuse_all", role="control", metrics=numbers(1.0, 50.0) | {"utility_kept": (0.0,)}),
        make_record("dose-0.1", role="control", dose=0.1, metrics=numbers(2.0, 3.5)),
    ]
    board = board_of(tmp_path, *yardstick(models=4), *rows, *controls)
    lines = cells(table(board, "forget10"))
    assert lines["distance"]["cheats as near or nearer"] == "guardrail (2.90)"
    assert (
        lines["distance_gold"]["cheats as near or nearer"]
        == lines["distance_largest"]["cheats as near or nearer"]
        == "none"
    )
    assert lines["distance_largest"]["nearest useful method"] == "npo (4.00)"
    assert [lines[name]["dose-0.1"] for name in lines] == ["2.00", "3.50", "3.50", "3.50"]
    assert (
        lines["distance"]["pairs told apart"] == "1 of 1" and lines["distance"]["tau with the largest"] == "–"
    )  # of two
    assert report([tmp_path]).startswith("## quick, forget10")


def test_retrained_models_that_differ_in_every_author_alike_are_told_apart(tmp_path):
    """Four models at -1.06, -0.35, 0.35 and 1.06 in every row: where the two rows of a half are not as far from the yardstick's
    middle, all twenty authors say the same."""
    board = board_of(tmp_path, *yardstick(models=4), compared("npo", 2.0, metrics=numbers(3.0, 4.0)))
    called = cells(table(board, "forget10"))["distance_largest"]["halves with retrained models told apart"]
    wrong, draws = map(int, called.split(" of "))
    assert draws == 200 and 100 < wrong < 170  # 4 of the 6 halves: all but {outer, outer} and {inner, inner}


def test_a_board_without_distances_is_told(tmp_path):
    board = board_of(tmp_path, make_record("npo", quality=(0.5, None, None), utility=(0.6, None, None)))
    with pytest.raises(UserError, match="two retrained models are needed"):
        table(board, "forget10")
