import pytest

import metrics
from benchmark.common.errors import UserError
from benchmark.leaderboard.build import build
from benchmark.records.record import record_path, save_record
from tests.leaderboard.made_records import board_of, make_record
from tests.metrics.factory import forget_scores


def test_status_counts_the_seeds(tmp_path):
    runs = [
        make_record("npo", 0, quality=(0.4, 0.3, 0.5)),
        make_record("npo", 1, quality=(0.0, None, None), status="diverged", reason="collapsed"),
        make_record("npo", 2, status="failed", reason="MemoryError: no memory"),
        make_record("dpo", 0, status="failed", reason="ValueError: no"),
    ]
    board = board_of(tmp_path, *runs, scores={s: forget_scores([0.0]) for s in range(3)})
    npo, dpo = board.rows
    assert (npo.status, dpo.status) == ("ok 1, diverged 1, failed 1", "failed")
    assert npo.cells["forget_quality"].value == 0.2  # a collapsed run's numbers count
    assert npo.reasons == {"1": "collapsed", "2": "MemoryError: no memory"}
    assert dpo.n is None and dpo.cells["model_utility"].covers == "none: not measured"


def test_the_reference_has_no_row(tmp_path):
    reference = make_record("retrained", 0, reference=True, utility=(0.6, 0.5, 0.7))
    board = board_of(tmp_path, reference, make_record())
    assert [row.method for row in board.rows] == ["npo"]
    assert any(note.startswith("retrained forget10: no row") for note in board.notes)
    board = board_of(tmp_path, make_record("retrained", 1, utility=(0.5, 0.4, 0.6)))
    assert [(row.method, row.seeds) for row in board.rows] == [("retrained", (1,)), ("npo", (0,))]
    assert board.rows[0].cells["model_utility"].value == 0.5
    assert not any("no row" in note for note in board.notes)


def test_order_of_rows(tmp_path):
    board = board_of(
        tmp_path,
        make_record("a", quality=(0.1, 0.0, 0.2)),
        make_record("b", utility=(0.9, 0.8, 1.0)),
        make_record("c", quality=(0.5, 0.4, 0.6), utility=(0.2, 0.1, 0.3)),
        make_record("d", quality=(0.5, 0.4, 0.6), utility=(0.3, 0.2, 0.4)),
        *(make_record(name) for name in ("base", "retrained", "finetuned")),
        *(make_record("a", split=split) for split in ("forget01", "authors7", "forget05")),
    )
    assert [row.split for row in board.rows] == ["forget01", "forget05", *["forget10"] * 7, "authors7"]
    assert [row.method for row in board.rows[2:9]] == ["finetuned", "retrained", "base", "d", "c", "a", "b"]


def test_columns_of_further_metrics_follow(tmp_path):
    board = board_of(tmp_path, make_record(metrics={"my_metric": (2.0, 1.0, 3.0)}))
    assert list(board.columns) == [*metrics.ORDER, "my_metric"]
    assert board.rows[0].cells["my_metric"].value == 2.0


def test_what_does_not_belong_together_is_noted(tmp_path):
    runs = [make_record(seed=0, reference_key="r1"), make_record("dpo", reference_key="r2")]
    runs[1].dataset = {"identity": "c1"}
    runs[1].provenance = {}
    notes = "\n".join(board_of(tmp_path, *runs).notes)
    assert "not all compared with the same retrained model" in notes
    assert "not all made from the same dataset" in notes
    assert "the commit is not known: dpo forget10 seed 0" in notes


def test_damaged_records_are_reported(tmp_path):
    good, bad, worse = make_record("a"), make_record("b"), make_record("c")
    for record in (good, bad, worse):
        save_record(tmp_path, record, None)
    for record in (bad, worse):
        record_path(tmp_path, record.method, record.key).write_text('{"key": ')
    with pytest.raises(UserError, match=r"b-forget10-0-1\.json(.|\n)*c-forget10-0-1\.json"):
        build(tmp_path)


def test_damaged_numbers_and_missing_scores_are_reported_together(tmp_path):
    odd = make_record("a", quality=(0.5, 0.4, 0.6))
    odd.metrics["forget_quality"]["n"] = 3
    del odd.metrics["forget_quality"]["value"]
    seeds = [make_record("b", seed, quality=(0.5, 0.4, 0.6)) for seed in (0, 1)]
    for record in (odd, *seeds):
        save_record(tmp_path, record, None)
    with pytest.raises(UserError, match=r"a/a-forget10-0-1\.json(.|\n)*b-forget10-0-1\.parquet are missing"):
        build(tmp_path)


def test_an_empty_folder_is_reported(tmp_path):
    with pytest.raises(UserError, match="holds no records"):
        build(tmp_path)
