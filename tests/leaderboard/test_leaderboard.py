import json
import math
from io import StringIO

import numpy as np
import pandas as pd
import pytest

import metrics
from benchmark.common.errors import UserError
from benchmark.evaluation.scores import Scores
from benchmark.leaderboard.build import build, write
from benchmark.records.record import record_path, save_record
from tests.leaderboard.made_records import CONFIG, LN2, board_of, config, make_record, only, three_rows
from tests.metrics.factory import answer, forget_scores, make_set


def test_one_seed_keeps_the_records_numbers(tmp_path):
    run = make_record(
        quality=(0.25, 0.1, 0.5), seconds={"total": 90.0}, peak_memory_mib={"process": 700.0, "gpu": None}
    )
    row = only(board_of(tmp_path, run))
    cell = row.cells["forget_quality"]
    assert (cell.value, cell.low, cell.high, cell.covers, cell.seeds) == (0.25, 0.1, 0.5, "authors", 1)
    assert (row.method, row.split, row.seeds, row.n, row.status) == ("npo", "forget10", (0,), 40, "ok")
    assert (row.minutes, row.peak_memory_mib, row.source, row.marks) == (1.5, 700.0, "run", ())
    assert row.keys == ("npo-forget10-0-1",)


def test_means_over_rows_get_an_interval_over_seeds_and_authors(tmp_path):
    # Within a seed all rows are alike, so only the seeds vary: a draw of two gives 1/2, 3/8, 1/4 with
    # probabilities 1/4, 1/2, 1/4, and the middle 95 % is all of it.
    authors = [0, 0, 1, 1]
    runs = [
        make_record(seed=0, metrics={"forget_probability": (0.5, 0.4, 0.6), "forget_truth_ratio": (0.5, 0.4, 0.6)}),
        make_record(seed=1, metrics={"forget_probability": (0.25, 0.2, 0.3), "forget_truth_ratio": (0.25, 0.2, 0.3)}),
    ]
    scores = {}
    for seed, nll, log_r in (
        (0, LN2, LN2),
        (1, 2 * LN2, -2 * LN2),
    ):  # R = 2 and 1/4: min(R, 1/R) = 1/2 and 1/4
        scores[seed] = forget_scores([log_r] * 4, authors)
        scores[seed]["forget"].answers[:] = [answer(nll)] * 4
    row = only(board_of(tmp_path, *runs, scores=scores))
    for column in ("forget_probability", "forget_truth_ratio"):
        cell = row.cells[column]
        assert (cell.value, cell.covers, cell.seeds) == (0.375, "authors and seeds", 2)
        assert (cell.low, cell.high) == pytest.approx((0.25, 0.5), rel=1e-5)


def test_authors_widen_the_interval_too(tmp_path):
    # Both seeds alike, authors at 1/2 and 1/4: a draw of the two authors again gives 1/2, 3/8 or 1/4.
    part = make_set([LN2, LN2, 2 * LN2, 2 * LN2], authors=[0, 0, 1, 1])
    runs = [make_record(seed=s, metrics={"forget_probability": (0.375, 0.25, 0.5)}) for s in (0, 1)]
    row = only(board_of(tmp_path, *runs, scores=dict.fromkeys((0, 1), Scores({"forget": part}))))
    cell = row.cells["forget_probability"]
    assert (cell.low, cell.high) == pytest.approx((0.25, 0.5), rel=1e-5)


def test_two_seeds_of_forget_quality_span_their_own_intervals(tmp_path):
    runs = [make_record(seed=0, quality=(0.1, 0.05, 0.3)), make_record(seed=1, quality=(0.5, 0.2, 0.9))]
    scores = {0: forget_scores([0.0]), 1: forget_scores([0.0])}
    cell = only(board_of(tmp_path, *runs, scores=scores)).cells["forget_quality"]
    assert cell.value == pytest.approx(0.3)
    assert (cell.low, cell.high, cell.covers) == (0.05, 0.9, "union of the seeds' own intervals")


def test_three_seeds_of_forget_quality_give_students_interval(tmp_path):
    # log10: -1, -0.69897, -0.22185; mean -0.64027, deviation 0.39238; t of 2 degrees of freedom at 0.975 is 4.30265.
    runs = [make_record(seed=s, quality=(q, None, None)) for s, q in enumerate((0.1, 0.2, 0.6))]
    cell = only(board_of(tmp_path, *runs, scores={s: forget_scores([0.0]) for s in range(3)})).cells["forget_quality"]
    assert cell.value == pytest.approx(0.3)
    assert cell.low == pytest.approx(10 ** (-0.640273 - 4.30265 * 0.392382 / math.sqrt(3)), rel=1e-4)
    assert cell.high == 1.0  # clipped: no p-value is above 1
    assert cell.covers == "seeds"


def test_three_seeds_with_intervals_of_their_own_cover_both(tmp_path):
    # Utility, mean 0.5 and deviation 0.1 between seeds; 0.03 to 0.05 down and 0.1 up within them, on average 0.04, 0.1.
    numbers = [(0.4, 0.37, 0.5), (0.5, 0.46, 0.6), (0.6, 0.55, 0.7)]
    runs = [make_record(seed=s, metrics={"model_utility": three}) for s, three in enumerate(numbers)]
    board = board_of(tmp_path, *runs, scores={s: forget_scores([0.0]) for s in range(3)})
    cell = only(board).cells["model_utility"]
    between = 4.30265 * 0.1 / math.sqrt(3)
    assert cell.value == pytest.approx(0.5)
    assert cell.low == pytest.approx(0.5 - math.sqrt(0.04**2 + between**2), rel=1e-5)
    assert cell.high == pytest.approx(0.5 + math.sqrt(0.1**2 + between**2), rel=1e-5)
    assert cell.covers == "authors and seeds"


def test_three_seeds_that_agree_keep_their_own_interval(tmp_path):
    # On the log scale one decade down and a tenth of one up; a limit of 0 stays one.
    runs = [make_record(seed=s, quality=(0.1, 0.01, 0.1 * 10**0.1)) for s in range(3)]
    scores = {s: forget_scores([0.0]) for s in range(3)}
    cell = only(board_of(tmp_path / "a", *runs, scores=scores)).cells["forget_quality"]
    assert (cell.low, cell.high) == pytest.approx((0.01, 0.1 * 10**0.1)) and cell.covers == "authors and seeds"
    runs = [make_record(seed=s, quality=(q, 0.0, 0.3)) for s, q in enumerate((0.1, 0.1, 0.2))]
    cell = only(board_of(tmp_path / "b", *runs, scores=scores)).cells["forget_quality"]
    assert cell.low == 0.0 and 0.3 < cell.high < 1


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ([(0.3, None, None)] * 3, "none: all seeds gave the same"),
        ([(0.3, None, None), (0.5, 0.1, 0.9)], "none: two seeds, and not both have an interval of their own"),
        ([(0.3, 0.3, 0.3)], "none: no width"),
        ([(0.3, None, None)], "none: the record has none"),
        ([(None, None, None)], "none: no retrained reference"),
    ],
)
def test_no_interval_says_why(tmp_path, values, why):
    runs = [make_record(seed=seed, quality=numbers) for seed, numbers in enumerate(values)]
    scores = {seed: forget_scores([0.0]) for seed in range(3)}
    cell = only(board_of(tmp_path, *runs, scores=scores)).cells["forget_quality"]
    assert (cell.low, cell.high, cell.covers) == (None, None, why)


def test_a_value_that_one_seed_lacks_is_averaged_over_the_others(tmp_path):
    runs = [make_record(seed=0, quality=(None, None, None)), make_record(seed=1, quality=(0.5, 0.2, 0.9))]
    row = only(board_of(tmp_path, *runs, scores={0: forget_scores([0.0]), 1: forget_scores([0.0])}))
    cell = row.cells["forget_quality"]
    assert (cell.value, cell.low, cell.high, cell.covers, cell.seeds) == (0.5, 0.2, 0.9, "authors", 1)
    assert row.seeds == (0, 1)


def test_another_version_of_a_metric_is_not_resampled_with_this_one(tmp_path):
    runs = [make_record(seed=s, metrics={"forget_rouge": (0.5, 0.4, 0.6, 40, "authors", 99)}) for s in (0, 1)]
    board = board_of(tmp_path, *runs, scores={s: forget_scores([0.0, 1.0]) for s in (0, 1)})
    assert only(board).cells["forget_rouge"].covers == "union of the seeds' own intervals"
    assert any(note.startswith("forget_rouge: some records do not have its version") for note in board.notes)


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


def test_other_settings_are_other_rows_named_by_what_differs_from_the_first(tmp_path):
    everything = config(lr=1.0, epochs=1, batch_size=2, warmup_epochs=0)
    board = board_of(
        tmp_path,
        make_record("rkld", key="b", day=2, quality=(0.2, 0.1, 0.3), config=config(lr=3e-4)),
        make_record("rkld", key="a", day=1, quality=(0.9, 0.8, 1.0)),
        make_record("rkld", key="c", day=3, quality=(0.1, 0.0, 0.2), config=everything),
        make_record("rkld", key="d", day=4, config=config(lr=2.0, epochs=1, batch_size=2, warmup_epochs=0)),
        make_record("rkld", key="e", day=5, split="forget05", config=config(lr=3e-4)),
    )
    many = "rkld [training.batch_size=2, training.epochs=1, training.lr={}, +1 more]"
    names = ["rkld", "rkld", "rkld [training.lr=0.0003]", many.format("1.0"), many.format("2.0")]
    assert [row.method for row in board.rows] == names  # the first is alone on forget05
    assert [row.keys for row in board.rows] == [("e",), ("a",), ("b",), ("c",), ("d",)]
    assert {row.name for row in board.rows} == {"rkld"}


def test_rows_that_read_the_same_are_numbered(tmp_path):
    wide = [config(a=1, b=1, c=1, d=d) for d in (1, 2)]
    runs = [make_record(key=str(day), day=day, config=c) for day, c in enumerate([CONFIG, *wide], start=1)]
    label = "npo [training.a=1, training.b=1, training.c=1, +1 more]"
    assert {row.method for row in board_of(tmp_path, *runs).rows} == {"npo", label, f"{label} #2"}


def test_the_newer_of_two_equal_records_counts(tmp_path):
    old, new = make_record(key="z", day=1), make_record(key="a", day=2, quality=(0.7, 0.6, 0.8))
    other = make_record(key="lr", day=1, config=config(lr=1.0))
    other.created = "2026-01-01T12:00:00+00:00"  # after the first record, before the one that replaced it
    board = board_of(tmp_path, new, old, other)
    assert [row.method for row in board.rows] == ["npo", "npo [training.lr=1.0]"]
    assert board.rows[0].cells["forget_quality"].value == 0.7
    assert any("record z of" in note and "superseded by a of" in note for note in board.notes)


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


def test_csv_has_every_digit_and_every_column(tmp_path):
    third = 1 / 3
    write(tmp_path, board_of(tmp_path, make_record(quality=(third, 1e-300, 0.5), dirty=True, partial=True)))
    text = (tmp_path / "leaderboard.csv").read_text()
    table = pd.read_csv(StringIO(text), float_precision="round_trip")
    limits = [name for m in metrics.ORDER for name in (m, f"{m}_low", f"{m}_high")]
    last = ["status", "minutes", "peak_memory_mib", "source", "marks"]
    assert list(table.columns) == ["method", "split", "seeds", "n", *limits, *last]
    assert table.loc[0, ["forget_quality", "forget_quality_low"]].tolist() == [third, 1e-300]
    assert np.isnan(table.loc[0, "model_utility"]) and ",," in text
    assert (table.loc[0, "marks"], table.loc[0, "source"]) == ("dirty partial", "run")


def test_columns_of_further_metrics_follow(tmp_path):
    board = board_of(tmp_path, make_record(metrics={"my_metric": (2.0, 1.0, 3.0)}))
    assert list(board.columns) == [*metrics.ORDER, "my_metric"]
    assert board.rows[0].cells["my_metric"].value == 2.0


def test_json_says_what_is_known(tmp_path):
    board = three_rows(tmp_path)
    write(tmp_path, board)
    data = json.loads((tmp_path / "leaderboard.json").read_text())
    assert (data["board"], data["made"]) == ("quick", board.made)
    about = data["columns"]["forget_quality"]
    assert (about["direction"], about["range"], about["version"]) == ("higher", [0.0, 1.0], 1)
    npo = data["rows"][1]
    assert (npo["method"], npo["seeds"], npo["keys"]) == ("grad_ascent", [0], ["grad_ascent-forget10-0-1"])
    assert npo["config"] == CONFIG
    assert npo["metrics"]["forget_quality"] == {"value": 0.9, "low": 0.5, "high": 1.0, "seeds": 1}
    assert npo["intervals"]["forget_quality"] == "authors"
    assert data["provenance"] == {
        "commits": ["abc123"],
        "dirty": [False, True],
        "packages": {"torch": ["2.13.0"]},
        "hardware": [{"processor": "some CPU", "cores": 2}],
    }
    assert data["datasets"] == [{"name": "fictitious", "identity": "c0"}]
    assert any(note.startswith("dirty:") and "grad_ascent forget10 seed 0" in note for note in data["notes"])


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
