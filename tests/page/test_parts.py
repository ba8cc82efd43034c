"""What a page says of a board, worked out by hand on small ones."""

import pytest

from benchmark.leaderboard.build import build
from benchmark.page.authors import author_rows, by_author
from benchmark.page.beside import sensitivity, sensitivity_path
from benchmark.page.columns import page_columns
from benchmark.page.descriptions import describe_row
from benchmark.page.families import family, heading
from benchmark.page.pair_tests import paired
from benchmark.page.picture import fronts, pictures
from benchmark.page.rows import losses, row_ids
from benchmark.page.summary import findings
from tests.leaderboard.made_records import attacked, board_of, compared, make_record, rows_at, yardstick
from tests.page.made_pages import numbers


@pytest.fixture
def board(tmp_path):
    near = compared("near", 0.5, metrics=numbers(2.0, 0.95))
    far = compared("far", 1.5, metrics=numbers(20.0, 0.92))
    uneven = rows_at(1.5)  # 0.05 farther with each author: 1.975 on average
    uneven["truth_ratio"] = [x + 0.05 * a for x, a in zip(uneven["truth_ratio"], uneven["author"], strict=True)]
    far = far.model_copy(update={"forget_rows": uneven})
    poor = compared("poor", 0.5, metrics=numbers(1.5, 0.5))  # the nearest, and broken
    return board_of(tmp_path, *yardstick(), make_record("finetuned", metrics=numbers(7.0, 1.0)), near, far, poor)


def test_the_findings(board):
    forgot, kept, apart = findings(board, "forget10")
    assert forgot.big == "2 of 3" and "Nearest of those that keep 90 %: near at 2.00 [1.60, 2.60]" in forgot.text
    assert kept.big == "2 of 3" and "Most: near at 0.950" in kept.text
    assert apart.big == "1 of 1" and "None is nearer than near." in apart.text


def test_findings_of_a_board_without_distances(tmp_path):
    rows = [make_record("a", quality=(0.5, None, None), utility=(0.6, None, None)),
            make_record("b", quality=(1e-9, None, None), utility=(0.7, None, None))]  # fmt: skip
    forgot, kept, apart = findings(board_of(tmp_path, *rows), "forget10")
    assert (forgot.big, kept.big, apart.big) == ("1 of 2", "0.700", "untested")
    assert "Highest: a at 0.50" in forgot.text and "b" in kept.text


def test_pairs_are_those_of_the_ranks(board):
    lines = paired(board)
    assert set(lines) == {("forget10", "near"), ("forget10", "far")}  # the third keeps too little to be ranked
    (line,) = lines["forget10", "near"]
    assert (line["other"], line["verdict"]) == ("far", "nearer") and line["difference"] == pytest.approx(0.5 - 1.975)
    assert lines["forget10", "far"][0]["verdict"] == "farther"
    assert line["low"] == pytest.approx(
        -1.475 - 2.093 * 0.05 * 35**0.5 / 20**0.5, abs=1e-3
    )  # t of 19 degrees; variance 35


def test_authors_beside_the_retrained_models(board):
    own = next(record for record in board.records if record.method == "near")
    yard = [record for record in board.records if record.is_retrained]
    assert by_author(own)[0] == pytest.approx(0.4) and by_author(own)[1] == pytest.approx(0.6)  # error -+ 0.1
    rows = author_rows([own], yard, None)
    assert len(rows) == 20 and rows[0] == {"author": 0, "value": 0.4, "low": -0.7071, "high": 0.7071, "finetuned": None}
    assert author_rows([own], [], None) == []


def test_impossible_and_missing_answers_are_left_out_of_an_author():
    rows = {"author": [1, 1, 2], "truth_ratio": [0.5, None, 1e30]}
    assert by_author(make_record("npo", forget_rows=rows)) == {1: 0.5}
    assert by_author(make_record("npo")) == {}


def test_the_picture_has_a_point_for_every_row_with_both_numbers(board):
    (picture,) = pictures(board, row_ids(board.rows))
    points = {point.name: point for point in picture.points}
    assert set(points) == {"retrained", "finetuned", "near", "far", "poor"} - {"retrained"}
    assert points["near"].y < points["far"].y and points["near"].x > points["poor"].x  # near is up, useful is right
    assert (
        fronts(board) == {("forget10", "near"), ("forget10", "poor")}
        and points["near"].front
        and not points["far"].front
    )
    assert "utility kept 0.950 [0.900, 0.970]" in points["near"].title and "lr = 0.0005" in points["near"].title
    assert picture.band is not None and picture.stairs.startswith("62.0,")


def test_columns_say_what_they_are(board):
    columns = {column["name"]: column for column in page_columns(board)}
    assert list(columns)[:5] == ["distance_largest", "p_retrained_all", "residual", "rank", "utility_kept"]
    assert columns["distance_largest"]["scale"] == "log" and columns["residual"]["scale"] == "linear"
    assert all(
        part in columns["distance_largest"]["text"]
        for part in ("Lower is better.", "Version 1.", "Unit: distances", "Source:")
    )
    assert columns["minutes"]["family"] == "cost" and "model_utility" not in columns  # nobody has a value


@pytest.mark.parametrize(
    ("column", "group", "words"),
    [
        ("distance_largest", "headline", "Distance"),
        ("distance_gold", "forgetting", "Distance, gold"),
        ("p_retrained_gold", "forgetting", "p, gold"),
        ("retain_rouge", "utility", "Retain ROUGE"),
        ("mia_min_k_plus_plus", "privacy", "MIA, min-k++"),
        ("residual_nf4", "resurfacing", "Residual, 4 bits"),
        ("recovery_relearn_forget", "resurfacing", "Recovery, relearning"),
        ("forget_verbatim_leak_at_k", "forgetting", "Forget verbatim leak@k"),
        ("of_somebody_else", "other", "Of somebody else"),
    ],
)
def test_families_and_headings(column, group, words):
    assert family(column) == group and heading(column) == words


def test_rows_say_what_their_methods_are(board):
    about = {entry.name: describe_row(entry) for entry in board.rows}
    assert "forget rows" in about["retrained"]["text"] and about["near"] == {}  # no method of this project
    known = describe_row(build_one("npo+rt"))
    assert known["paper"] == "arXiv:2404.05868" and "sigmoid" in known["text"] and known["file"] == "methods/npo.py"
    assert describe_row(build_one("interpolated-0.25", "control"))["file"] == "benchmark/controls/interpolated.py"


def build_one(name, role="method"):
    from benchmark.leaderboard.entries import make_entry

    return make_entry(name, [make_record(name, role=role, quality=(0.5, None, None))], ["forget_quality"])


def test_losses_are_thinned():
    runs = losses([make_record("npo", losses=[float(i) for i in range(1000)]), make_record("npo")])
    assert len(runs) == 1 and len(runs[0]) == 200 and runs[0][:3] == [0.0, 5.0, 10.0]


def test_ids_are_names_that_an_address_can_hold(tmp_path):
    board = board_of(tmp_path, make_record("a", key="k#&x", quality=(0.5, None, None)).model_copy(update={"key": "k"}))
    assert list(row_ids(board.rows).values()) == ["row-k"]
    twice = row_ids([*board.rows, *build_rows(board)])
    assert sorted(twice.values()) == ["row-k", "row-k.1"]


def build_rows(board):
    from dataclasses import replace

    return [replace(entry, method="another") for entry in board.rows]


def test_trials_are_read_from_beside_the_board(tmp_path):
    text = "method,split,changes,chosen,distance_largest,place,of\nnpo,forget10,lr=1,True,2.5,1,3\nnpo,forget10,lr=2,False,,2,3\n"
    (tmp_path / "x-sweep").mkdir()
    (tmp_path / "x-sweep" / "sensitivity.csv").write_text(text)
    known = sensitivity(sensitivity_path(tmp_path / "x"))
    assert known["column"] == "distance_largest" and known["file"] == "x-sweep/sensitivity.csv"
    assert [(trial["value"], trial["chosen"]) for trial in known["trials"]] == [(2.5, True)]
    assert sensitivity(sensitivity_path(tmp_path / "y")) is None


def test_a_board_of_one_failed_row_has_no_findings(tmp_path):
    board = board_of(tmp_path, make_record("npo", status="failed", reason="out of memory"))
    assert findings(board, "forget10") == [] and pictures(board, row_ids(board.rows)) == []
    assert build(tmp_path).rows[0].status == "failed" and rows_at(0.0)


def test_what_comes_back_is_a_finding(tmp_path):
    low, high = [0.1, 0.2] * 4, [0.8, 0.9] * 4
    board = board_of(tmp_path, *yardstick(), attacked("keeps", low), attacked("returns", high))
    finding = findings(board, "forget10")[-1]
    assert (finding.title, finding.big, finding.row.method) == ("Comes back", "0.15", "keeps")
    assert "none brings back less than keeps." in finding.text
