"""A paper's figure and table: the chosen rows and columns, the board's own ranks, and where the numbers are from."""

import re
from dataclasses import replace

import pytest
from typer.testing import CliRunner

from benchmark.cli.app import app
from benchmark.common.errors import UserError
from benchmark.leaderboard.paper import caption, choose, tex, write_paper
from tests.conftest import ROOT
from tests.leaderboard.made_records import board_of, compared, make_record, yardstick

QUICK = ROOT / "results" / "published" / "quick"


@pytest.fixture
def board(tmp_path):
    numbers = {"distance_largest": (2.0, 1.5, 3.0), "utility_kept": (0.97, 0.9, 1.0), "forget_rouge": (0.4, 0.3, 0.5)}
    return board_of(
        tmp_path,
        *yardstick(),
        compared("npo", 1.0, metrics=numbers),
        compared("rkld", 2.0, metrics=numbers | {"distance_largest": (4.0, 3.0, 5.0)}),
        compared("rkld", 2.1, metrics=numbers, split="forget05"),
        compared("dpo", 3.0, metrics=numbers),
        make_record("we_ird", metrics=numbers, status="diverged"),
    )


def table_rows(text):
    return [line.split(" & ") for line in text.splitlines() if line.endswith(r"\\") and " & " in line]


def test_the_table_has_the_chosen_rows_and_columns_with_intervals(board):
    paper = choose(board, ["we_ird", "rkld", "npo"], ["forget_rouge", "rank", "distance_largest"], "forget10")
    head, *rows = table_rows(tex(paper))
    assert [re.sub(r" *\$.*", "", cell).strip(" \\") for cell in head] == [
        "Method",
        "Forget ROUGE",
        "Ranks",
        "Distance",
    ]
    assert [row[0] for row in rows] == ["npo", "rkld", r"we\_ird"]  # the board's order
    assert rows[1][1].strip() == r"0.400 {\scriptsize [0.300, 0.500]}" and "[3.00, 5.00]" in rows[1][3]
    assert rows[1][2] == "2" and paper.board.blocks()[0][0].method == "npo"  # of three: ranks are the board's


def test_a_caption_names_board_commit_authors_seeds_and_retrained_models(board):
    text = caption(choose(board, ["npo"], ["distance_largest", "rank"], "forget10"))
    assert (
        "Board quick at commit abc123: 40 forget rows of 20 authors and 3 retrained models (forget10); seeds 0." in text
    )
    assert "among all ranked methods, 3 (forget10)" in text and "Distance over authors" in text


def test_the_best_are_the_first_of_every_split_and_models_stay(board):
    paper = choose(board, None, ["distance_largest", "rank"], None, best=1)
    kept = [(entry.method, entry.split) for entry in paper.board.rows if entry.role == "method"]
    assert kept == [("rkld", "forget05"), ("dpo", "forget10")]  # without npo, rkld, and the diverged row
    assert [entry.rank.high for entry in paper.board.rows if entry.method == "dpo"] == [3]  # the whole board's
    assert any(entry.name == "retrained" for entry in paper.board.rows)


def test_both_splits_stand_unless_one_is_chosen(board):
    assert choose(board, ["rkld"], ["distance_largest"], None).board.splits == ["forget05", "forget10"]
    assert choose(board, ["rkld"], ["distance_largest"], "forget05").board.splits == ["forget05"]


@pytest.mark.parametrize(
    ("methods", "metrics", "split", "words"),
    [
        (["rkdl"], None, None, "unknown method 'rkdl'; did you mean 'rkld'"),
        (None, ["distanse"], None, "unknown metric 'distanse'; did you mean 'distance'"),
        (None, None, "forget01", "unknown split 'forget01'; did you mean 'forget1?0?5?0?'"),
        (["we_ird"], ["rank"], None, "has no rank in these rows"),
        (["npo"], ["model_utility"], None, r"has no model_utility in these rows \(none: not measured\): leave it out"),
    ],
)
def test_what_is_not_there_is_told(board, methods, metrics, split, words):
    columns = dict(board.columns) | {"model_utility": {}}
    with pytest.raises(UserError, match=words):
        choose(replace(board, columns=columns), methods, metrics, split)


def test_the_files_are_written(board, tmp_path):
    files = write_paper(tmp_path / "out", choose(board, ["npo", "retrained"], ["distance_largest"], "forget10"))
    assert [path.name for path in files] == ["paper.tex", "paper.md", "paper.pdf", "paper.png"]
    assert all(path.stat().st_size > 300 for path in files)
    assert "distance against utility kept" in files[0].read_text() and "Pareto" in files[0].read_text()


def test_the_command_writes_the_files_of_a_published_board(tmp_path):
    arguments = ["paper", str(QUICK), "--methods", "rkld+rt,npo+rt", "--metrics", "forget_quality,model_utility"]
    done = CliRunner().invoke(app, [*arguments, "--out", str(tmp_path)])
    assert done.exit_code == 0, done.output
    text = (tmp_path / "paper.tex").read_text()
    assert "forget quality against model utility" in text and "Pareto" not in text
    assert [row[0] for row in table_rows(text)][1:] == ["rkld+rt", "npo+rt"]
    wrong = CliRunner().invoke(app, ["paper", str(QUICK), "--methods", "npo+tr", "--out", str(tmp_path)])
    assert wrong.exit_code == 2 and "did you mean 'npo+rt'" in wrong.output.replace("\n", " ")
