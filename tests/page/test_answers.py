import json

import numpy as np
import pytest

from benchmark.common.errors import UserError
from benchmark.leaderboard.build import build
from benchmark.page.answers import answers_data
from benchmark.page.answers_page import write_answers
from benchmark.records.record import record_path, scores_path
from benchmark.records.score_files import load_scores
from tests.leaderboard.made_records import make_record
from tests.page.made_pages import HANDLER, SCRIPT, Page, hostile_board, save


@pytest.fixture
def made(tmp_path):
    return tmp_path, hostile_board(tmp_path, answers=True)


def test_answers_are_sorted_by_what_leaked(made):
    part = answers_data(*made)["splits"]["forget10"]
    assert {row["method"] for row in part["rows"]} == {"retrained", "finetuned", "dose-0.1", "dose-0.25", "n" * 60}
    assert part["rows"][part["beside"]["finetuned"]]["method"] == "finetuned"
    for row in part["rows"]:
        leaks = [row["leak"][i] for i in row["order"]]
        assert leaks == sorted(leaks, reverse=True) and len(leaks) == 4


def test_leak_and_tokens_are_those_of_the_scores(made):
    folder, board = made
    part = answers_data(folder, board)["splits"]["forget10"]
    row = next(row for row in part["rows"] if row["method"] == "dose-0.1")
    own = next(record for record in board.records if record.method == "dose-0.1")
    rows = load_scores(scores_path(record_path(folder, own.method, own.key))).sets["forget"]
    yard = [part_row for part_row in part["rows"] if part_row["method"] == "retrained"]
    assert row["p"][0] == pytest.approx(np.exp(np.mean(rows.answers[0].logprobs)), rel=1e-2)
    assert row["leak"][0] == pytest.approx(row["p"][0] - yard[0]["p"][0], abs=1e-2)  # its one row stands for all here
    assert row["tokens"][0] == [round(-10 * float(x)) for x in rows.answers[0].logprobs]
    assert row["ratio"] == pytest.approx([0.0, 0.5, 1.0, 1.5], abs=1e-3)


def test_texts_are_text(made):
    page = Page(write_answers(*made).read_text(encoding="utf-8"))
    assert [tag for tag, _ in page.elements if tag in ("script", "img", "b")] == ["script", "script"]
    assert page.data["splits"]["forget10"]["questions"][:2] == [f"{SCRIPT}?", f"{HANDLER}?"]


def test_what_is_too_much_is_left_out_and_counted(made):
    whole = answers_data(*made)
    cut = answers_data(*made, most_bytes=len(json.dumps(whole)) - 200)
    part = cut["splits"]["forget10"]
    assert len(json.dumps(cut)) < len(json.dumps(whole)) and part["all"] == 4
    for row, before in zip(part["rows"], whole["splits"]["forget10"]["rows"], strict=True):
        kept = len(row["order"])
        assert 1 <= kept < 4 and row["order"] == before["order"][:kept]
        assert set(row["order"]) <= set(row["text"])


def test_damaged_scores_cost_their_own_row_only(made):
    folder, board = made
    own = next(record for record in board.records if record.method == "finetuned")
    scores_path(record_path(folder, "finetuned", own.key)).write_bytes(b"no parquet")
    data = answers_data(folder, board)
    assert data["left_out"] == ["finetuned forget10 seed 0: its scores are damaged"]
    assert "finetuned" not in {row["method"] for row in data["splits"]["forget10"]["rows"]}


def test_without_scores_there_is_no_page(tmp_path):
    save(tmp_path, [make_record("npo", quality=(0.5, None, None))])
    (tmp_path / "answers.html").write_text("of a former run")
    assert write_answers(tmp_path, build(tmp_path)) is None
    assert not (tmp_path / "answers.html").exists()


def test_a_key_that_leads_elsewhere_is_not_followed(tmp_path):
    record = make_record("finetuned", quality=(0.5, None, None))
    save(tmp_path / "board", [make_record("npo", quality=(0.5, None, None))], answers=True)
    (tmp_path / "board" / "records" / "finetuned").mkdir()
    text = record.model_dump_json().replace(record.key, "../../../elsewhere")
    (tmp_path / "board" / "records" / "finetuned" / "a.json").write_text(text)
    with pytest.raises(UserError, match="does not do as a file's name"):
        build(tmp_path / "board")
