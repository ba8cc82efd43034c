"""Numbers that only a log states: all of those are shown, none that was measured, and names do no harm."""

import csv
import io

import pytest

from benchmark.leaderboard.build import build
from benchmark.leaderboard.build import write as write_board
from benchmark.leaderboard.reported import TITLE, reported, reported_csv, reported_markdown
from benchmark.records.importers import import_log
from benchmark.records.record import load_records
from tests.leaderboard.made_records import board_of, make_record
from tests.records.importers.logs import SUMMARY, open_unlearning, retrained_table, write


@pytest.fixture
def records(tmp_path):
    """A whole log, its retrained model's and a summary, imported."""
    board = tmp_path / "board"
    log = write(tmp_path / "npo" / "log.json", open_unlearning() | {"mia_loss": {"agg_value": 0.75}})
    retrained = write(tmp_path / "ft" / "retrained.json", open_unlearning(retrained_table()))
    import_log(log, retrained, "open-unlearning", board, split="forget10")
    import_log(write(tmp_path / "simnpo" / "summary.json", SUMMARY), None, "open-unlearning", board, split="forget10")
    return load_records(board)


def test_what_was_not_computed_and_only_that(records):
    by_method = {m: {r.metric: r.value for r in reported(records) if r.method == m} for m in ("npo", "simnpo")}
    assert by_method["npo"] == {"forget_extraction_strength": 0.25, "mia_loss": 0.75, "privleak": -12.5}
    names = {"forget_Q_A_Prob": "forget_probability", "extraction_strength": "forget_extraction_strength"}
    assert by_method["simnpo"] == {names.get(name, name): value for name, value in SUMMARY.items()}


def test_the_table_says_that_nothing_of_it_was_measured(records):
    text = reported_markdown(reported(records))
    assert text.startswith(TITLE) and "not measured here" in TITLE
    lines = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line.startswith("|")
    ]
    assert {len(line) for line in lines} == {len(lines[0])}
    npo = dict(zip(lines[0], next(line for line in lines if line[0] == "npo"), strict=True))
    assert npo["mia_loss"] == "0.75" and npo["privleak"] == "-12.5" and npo["model_utility"] == "–"


def test_the_csv_keeps_every_digit_and_names_the_log(records):
    rows = list(csv.DictReader(io.StringIO(reported_csv(reported(records)))))
    assert [(float(row["reported"]), row["metric"], int(row["seed"])) for row in rows] == [
        (row.value, row.metric, row.seed) for row in reported(records)
    ]
    assert {row["log"] for row in rows if row["method"] == "npo"} == {"npo/log.json"}


def test_a_board_shows_them_below_its_own_numbers(records, tmp_path):
    write_board(tmp_path / "board", build(tmp_path / "board"))
    text = (tmp_path / "board" / "leaderboard.md").read_text(encoding="utf-8")
    assert text.index("| Method |") < text.index(TITLE) and text.endswith("|\n")
    assert (tmp_path / "board" / "reported.csv").read_text(encoding="utf-8") == reported_csv(reported(records))


def test_a_board_of_own_runs_has_none(tmp_path):
    write_board(tmp_path, board_of(tmp_path, make_record("npo")))
    assert TITLE not in (tmp_path / "leaderboard.md").read_text(encoding="utf-8")
    assert not (tmp_path / "reported.csv").exists()
    assert reported([make_record("npo")]) == [] and reported_markdown([]) == ""


def test_names_that_a_table_or_spreadsheet_would_act_on(records):
    record = records[0].model_copy(update={"reported": {"=1|[x](y)\n`": 1.0, "-a": 2.0, "forget_Q_A_gibberish": 0.5}})
    names = [row.metric for row in reported([record])]
    assert sorted(names) == ["_1__x__y___", "_a", "forget_Q_A_gibberish"]
