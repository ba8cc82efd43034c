"""Claimed and reproduced numbers stand apart in every table of a published board."""

import csv
import json
from dataclasses import replace
from io import StringIO

import pytest
from rich.console import Console

import metrics
from benchmark.common.errors import UserError
from benchmark.common.files import write_json
from benchmark.leaderboard.build import build
from benchmark.leaderboard.latex import latex
from benchmark.leaderboard.paper import caption, choose
from benchmark.leaderboard.publish import publish
from benchmark.leaderboard.standing import standing_sentence
from benchmark.leaderboard.terminal import terminal_table
from benchmark.page import write_page
from benchmark.records.checksum import with_checksum
from benchmark.records.record import load_record, record_path, save_record, scores_path
from tests.leaderboard.test_publish import SCORES, make_record, save
from tests.page.made_pages import Page


def old(column):
    """A measurement of an earlier version of its metric."""
    return {column: {"value": 0.25, "n": 2, "version": 0}}


@pytest.fixture
def published(tmp_path):
    """A row of each kind: reproduced, both, and one without scores."""
    board = tmp_path / "board"
    mixed = make_record("mixed")
    save(board, make_record("whole"), mixed.model_copy(update={"metrics": mixed.metrics | old("forget_rouge")}))
    save(board, make_record("bare"))
    imported = load_record(record_path(board, "bare", "bare-0-1")).model_copy(update={"source": "imported"})
    scores_path(record_path(board, "bare", "bare-0-1")).unlink()
    save_record(board, imported, None)
    return publish(board, root=tmp_path / "published")


def test_the_tables_tell_them_apart(published):
    text = (published / "leaderboard.md").read_text()
    (head,) = [line for line in text.splitlines() if line.startswith("| Method") and "Status" in line]
    lines = {
        name: line for line in text.splitlines() for name in ("whole", "mixed", "bare") if line.startswith(f"| {name} ")
    }
    assert head.endswith("| Status | Numbers |")
    rows = {
        row["method"]: row for row in csv.DictReader(open(published / "leaderboard.csv", encoding="utf-8", newline=""))
    }
    assert {name: (row["reproduced"], row["claimed"]) for name, row in rows.items()} == {
        "whole": ("1", ""), "mixed": ("1", "forget_rouge"), "bare": ("0", "forget_probability"),
    }  # fmt: skip
    assert "0.250° |" in text and "Numbers: reproduced, where" in text and len(lines) == 3
    assert "- claimed, since version 0 of its metric, not " in text
    assert "- claimed, since imported summary: it has no values of single rows: all numbers of bare" in text
    told = {
        (r["method"], r["metric"]): r["standing"] for r in csv.DictReader(open(published / "results.csv", newline=""))
    }
    assert told == {("whole", "forget_probability"): "reproduced", ("mixed", "forget_probability"): "reproduced",
                    ("mixed", "forget_rouge"): "claimed", ("bare", "forget_probability"): "claimed"}  # fmt: skip


def test_a_sentence_says_it_where_there_is_no_column(published):
    board = build(published)
    told = "but those of bare and {} claimed by their records."
    tex = latex(board)
    assert told.format(r"those with $^\circ$") in tex and r"0.250$^\circ$" in tex
    drawn = Console(width=400, file=StringIO())
    drawn.print(terminal_table(board))
    assert told.format("some of other rows (leaderboard.md)") in " ".join(drawn.file.getvalue().split())
    assert told.format("those with °") in caption(choose(board, None, None, None))


@pytest.mark.parametrize(
    ("kept", "sentence"),
    [(("whole",), "Numbers are reproduced from the scores that are published with them."),
     (("bare",), "All numbers are claimed by their records: no published scores give them again."), ((), "")],
)  # fmt: skip
def test_boards_of_one_kind(published, kept, sentence):
    board = build(published)
    own = {place: known for place, known in board.standings.items() if place[1] in kept}
    rows = [entry for entry in board.rows if entry.method in kept]
    assert standing_sentence(replace(board, rows=rows, claims=board.claims if own else None)) == sentence


def test_the_page_tells_them_apart(published):
    page = Page(write_page(published, build(published)).read_text(encoding="utf-8"))
    rows = {row["method"]: row for row in page.data["rows"]}
    assert {name: row["standing"] for name, row in rows.items()} == {
        "whole": "reproduced", "mixed": "1 of 2 reproduced", "bare": "claimed",
    }  # fmt: skip
    why = page.data["covers"][rows["mixed"]["claimed"]["forget_rouge"]]
    assert why.startswith("version 0 of its metric") and "1 of 2 reproduced" in page.text and "Numbers" in page.text


def test_a_board_that_nobody_checked_says_nothing_of_it(tmp_path):
    save(tmp_path, make_record())
    board = build(tmp_path)
    data = Page(write_page(tmp_path, board).read_text(encoding="utf-8")).data
    assert board.standings == {} and data["checked"] is False and "standing" not in data["rows"][0]


def test_a_typed_in_number_keeps_a_board_from_being_published(tmp_path):
    save(tmp_path / "board", make_record("npo"), make_record("idk"))
    path = record_path(tmp_path / "board", "npo", "npo-0-1")
    data = json.loads(path.read_text())
    data["metrics"]["forget_probability"]["value"] = 0.05
    write_json(path, with_checksum(data))
    true = metrics.measure_all(SCORES, names=["probability"])["forget_probability"].value
    with pytest.raises(UserError) as error:
        publish(tmp_path / "board", root=tmp_path / "published")
    assert f"npo forget10 seed 0: forget_probability is 0.05; its scores give {true}" in str(error.value)
    assert str(tmp_path / "board") in str(error.value) and not (tmp_path / "published" / "quick").exists()
