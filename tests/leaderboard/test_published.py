"""Boards that were published, some by earlier versions, come out of their records the same."""

import csv
import io

import pytest

from benchmark.leaderboard.build import build
from benchmark.leaderboard.export import csv_text
from benchmark.leaderboard.markdown import markdown
from benchmark.records.record import FORMER_COLUMNS, REMOVED_COLUMNS
from tests.conftest import ROOT

PUBLISHED = ROOT / "results" / "published"
# The intervals of quick-seeds are over several seeds and take the scores of single rows, which it was published without.
BOARDS = sorted({path.parent.name for path in PUBLISHED.glob("*/leaderboard.md")} - {"quick-seeds"})


@pytest.fixture(scope="module", params=BOARDS)
def rebuilt(request):
    """The published folder, and the board of its records."""
    return PUBLISHED / request.param, build(PUBLISHED / request.param, name=request.param)


def test_the_table_for_readers_is_the_same(rebuilt):
    folder, board = rebuilt
    before = (folder / "leaderboard.md").read_text(encoding="utf-8")
    assert markdown(board) == before.replace("Other half", "Test authors")


def test_every_digit_is_the_same(rebuilt):
    folder, board = rebuilt
    before = csv.DictReader(io.StringIO((folder / "leaderboard.csv").read_text(encoding="utf-8")))
    now = list(csv.DictReader(io.StringIO(csv_text(board))))
    for row, old in zip(now, before, strict=True):
        for column, text in old.items():
            metric = column.removesuffix("_low").removesuffix("_high")
            if metric in REMOVED_COLUMNS:
                assert text == "" and column not in row
            else:
                assert row[column.replace(metric, FORMER_COLUMNS.get(metric, metric))] == text, (row["method"], column)


def test_no_note_is_about_a_metric_that_is_gone(rebuilt):
    _, board = rebuilt
    assert not REMOVED_COLUMNS & board.columns.keys()
    assert not any(column in note for column in REMOVED_COLUMNS for note in board.notes)
