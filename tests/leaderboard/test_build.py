import pytest

import metrics
from benchmark.common.errors import UserError
from benchmark.leaderboard.build import build
from benchmark.records.record import record_path, save_record
from tests.leaderboard.made_records import CONFIG, board_of, make_record, yardstick


def test_status_counts_the_seeds(tmp_path):
    runs = [
        make_record("npo", 0, quality=(0.4, 0.3, 0.5)),
        make_record("npo", 1, quality=(0.0, None, None), status="diverged", reason="collapsed"),
        make_record("npo", 2, status="failed", reason="MemoryError: no memory"),
        make_record("dpo", 0, status="failed", reason="ValueError: no"),
    ]
    npo, dpo = board_of(tmp_path, *runs).rows
    assert (npo.status, dpo.status) == ("ok 1, diverged 1, failed 1", "failed")
    assert npo.cells["forget_quality"].value == 0.0  # a collapsed run's numbers count
    assert npo.reasons == {"1": "collapsed", "2": "MemoryError: no memory"}
    assert dpo.n is None and dpo.cells["model_utility"].covers == "none: not measured"


def test_runs_of_one_seed_on_two_fine_tuned_models_each_have_their_reason(tmp_path):
    runs = [
        make_record(
            "npo",
            0,
            key=f"k{tuning}",
            status="failed",
            reason=f"on {tuning}",
            config=CONFIG | {"finetuning_seed": tuning},
        )
        for tuning in (0, 1)
    ]
    assert board_of(tmp_path, *runs).rows[0].reasons == {"0/0": "on 0", "0/1": "on 1"}


def test_the_reference_has_no_row(tmp_path):
    reference = make_record("retrained", 0, reference=True, utility=(0.6, 0.5, 0.7))
    board = board_of(tmp_path, reference, make_record())
    assert [row.method for row in board.rows] == ["npo"]
    assert any(note.startswith("retrained forget10: no row") for note in board.notes)
    board = board_of(tmp_path, make_record("retrained", 1, utility=(0.5, 0.4, 0.6)))
    assert [(row.method, row.seeds) for row in board.rows] == [("retrained", (1,)), ("npo", (0,))]
    assert board.rows[0].cells["model_utility"].value == 0.5
    assert not any("no row" in note for note in board.notes)


def test_without_a_distance_rows_are_ordered_by_forget_quality(tmp_path):
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


def test_rows_are_ordered_by_distance_whatever_their_forget_quality(tmp_path):
    far = {"near": (1.2, 0.1), "middle": (2.0, 0.3), "far": (9.0, 0.9)}
    runs = [make_record(m, quality=(q, 0, 1), metrics={"distance_largest": (d, 1, 10)}) for m, (d, q) in far.items()]
    board = board_of(tmp_path, make_record("unknown", quality=(1.0, 0, 1)), *reversed(runs))
    assert [row.method for row in board.rows] == ["near", "middle", "far", "unknown"]


def test_blocks(tmp_path):
    def kept(share, far):
        return {"utility_kept": (share, None, None), "distance_largest": (far, None, None)}

    board = board_of(
        tmp_path,
        make_record("collapsed", metrics=kept(0.95, 0.5), status="diverged"),
        make_record("costly", metrics=kept(0.899, 1.0)),
        make_record("refuse_all", metrics=kept(0.0, 0.8), role="control"),
        make_record("dose-0.1", metrics=kept(1.0, 3.0), role="control", dose=0.1),
        make_record("sound", metrics=kept(0.9, 2.0)),
        make_record("unknown", metrics={"distance_largest": (4.0, None, None)}),
        make_record("finetuned", metrics=kept(1.0, 6.0)),
    )
    blocks = [(block[0].block, [row.method for row in block]) for block in board.blocks()]
    assert blocks == [
        ("models", ["finetuned"]),
        ("controls", ["dose-0.1", "refuse_all"]),
        ("methods", ["sound", "unknown"]),
        ("below 90 %", ["costly"]),
        ("not ranked", ["collapsed"]),
    ]


def test_a_board_knows_the_distances_of_its_retrained_models(tmp_path):
    board = board_of(
        tmp_path,
        *yardstick(),
        make_record("retrained", 9, "forget05"),
        make_record(metrics={"distance_largest": (5.0,)}),
    )
    assert board.yardsticks == {"forget10": (0.9, 1.1)}


def test_columns_of_further_metrics_follow(tmp_path):
    board = board_of(tmp_path, make_record(metrics={"my_metric": (2.0, 1.0, 3.0)}))
    assert list(board.columns) == [*metrics.ORDER, "my_metric"]
    assert board.rows[0].cells["my_metric"].value == 2.0


def test_damaged_records_are_reported(tmp_path):
    good, bad, worse = make_record("a"), make_record("b"), make_record("c")
    for record in (good, bad, worse):
        save_record(tmp_path, record, None)
    for record in (bad, worse):
        record_path(tmp_path, record.method, record.key).write_text('{"key": ')
    with pytest.raises(UserError, match=r"b-forget10-0-1\.json(.|\n)*c-forget10-0-1\.json"):
        build(tmp_path)


def test_damaged_numbers_are_reported_together(tmp_path):
    for method in ("a", "b"):
        odd = make_record(method, quality=(0.5, 0.4, 0.6))
        del odd.metrics["forget_quality"]["value"]
        save_record(tmp_path, odd, None)
    with pytest.raises(UserError, match=r"a/a-forget10-0-1\.json(.|\n)*b/b-forget10-0-1\.json"):
        build(tmp_path)


def test_an_empty_folder_is_reported(tmp_path):
    with pytest.raises(UserError, match="holds no records"):
        build(tmp_path)
