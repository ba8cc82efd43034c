"""Published boards, some with records of earlier versions, come out of what is published with them, Parquet or not."""

import csv
import io
import json
import shutil

import pytest

from benchmark.leaderboard.build import build
from benchmark.leaderboard.export import csv_text, json_value, tidy_text
from benchmark.leaderboard.latex import latex
from benchmark.leaderboard.markdown import markdown
from benchmark.records.record import REMOVED_COLUMNS, load_records
from benchmark.records.reproduction import FILE as REPRODUCED
from metrics.probability import MULTIPLE_CHOICE
from metrics.utility_kept import PARTS
from tests.conftest import ROOT

PUBLISHED = ROOT / "results" / "published"
FACTS = [f"{name}_{part.name}" for name in MULTIPLE_CHOICE for part in PARTS]
BOARDS = sorted(path.parent.name for path in PUBLISHED.glob("*/leaderboard.md"))


@pytest.fixture(scope="module", params=BOARDS)
def rebuilt(request, tmp_path_factory):
    """The published folder, and the board of its JSON files alone."""
    folder, copy = PUBLISHED / request.param, tmp_path_factory.mktemp(request.param)
    shutil.copytree(folder / "records", copy / "records", ignore=shutil.ignore_patterns("*.parquet"))
    if (folder / REPRODUCED).is_file():  # what the columns of claimed numbers are made of
        shutil.copy(folder / REPRODUCED, copy)
    published = json.loads((folder / "leaderboard.json").read_text(encoding="utf-8"))
    added = [note for note in published["notes"] if note.startswith("left out, since it failed")]
    return folder, build(copy, name=request.param, notes=added)


def test_the_tables_are_the_same(rebuilt):
    folder, board = rebuilt
    for name, text in (("leaderboard.md", markdown), ("leaderboard.tex", latex), ("results.csv", tidy_text)):
        assert text(board) == (folder / name).read_bytes().decode("utf-8"), name


def test_every_digit_is_the_same(rebuilt):
    """Columns of metrics that came later are not in what was published."""
    folder, board = rebuilt
    published = csv.DictReader(io.StringIO((folder / "leaderboard.csv").read_text(encoding="utf-8")))
    now = csv.DictReader(io.StringIO(csv_text(board)))
    for row, old in zip(now, published, strict=True):
        assert {column: row[column] for column in old} == old


def test_rows_and_notes_are_the_same(rebuilt):
    folder, board = rebuilt
    published = json.loads((folder / "leaderboard.json").read_text(encoding="utf-8"))
    now = json.loads(json.dumps(json_value(board)))
    assert now["notes"] == published["notes"] and now["told_apart"] == published["told_apart"]
    for row, old in zip(now["rows"], published["rows"], strict=True):
        assert row["rank"] == old["rank"] and row["keys"] == old["keys"]
        assert {metric: row["metrics"][metric] for metric in old["metrics"]} == old["metrics"]


def test_no_note_is_about_a_metric_that_is_gone(rebuilt):
    _, board = rebuilt
    assert not REMOVED_COLUMNS & board.columns.keys()
    assert not any(column in note for column in REMOVED_COLUMNS for note in board.notes)


def test_where_all_nine_parts_count_fifty_answers_carry_the_facts(rebuilt):
    """On boards whose shares are older than that condition they are the same with it: of values in [0, 1] Kish's number is at
    least their sum.
    """
    folder, _ = rebuilt
    finetuned = [record for record in load_records(folder) if record.method == "finetuned"]
    for record in finetuned:
        if all(f"kept_{part}" in record.metrics["utility_kept"]["extra"] for part in FACTS):
            assert all(record.value(part) * record.metrics[part]["n"] >= 50 for part in FACTS)
    assert finetuned
