import csv
import io

import pytest

from benchmark.leaderboard.captions import caption
from benchmark.leaderboard.export import csv_text, tidy_text
from benchmark.page.rows import Texts, table_row
from tests.leaderboard.made_records import CONFIG, board_of, config, make_record


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


def test_what_differs_from_the_boards_recipe_is_named_though_its_method_has_one_row(tmp_path):
    runs = [make_record(name, config=config(lr=lr)) for name, lr in (("a", 1e-3), ("b", 1e-4), ("c", 3e-4))]
    other = make_record("d", config=config(epochs=2))
    unlike = make_record("imported", config={"training": {"epochs": 3}}, source="imported")
    board = board_of(tmp_path, other, *runs, make_record("finetuned", config={"dtype": "float32"}), unlike)
    names = {row.name: row.method for row in board.rows}
    assert names["d"] == "d [training.epochs=2]"  # it came first, but is not what most rows share
    assert (names["a"], names["b"], names["c"], names["finetuned"]) == ("a", "b", "c", "finetuned")  # each its own rate


def test_the_row_with_the_boards_recipe_is_plain_though_another_of_its_method_came_first(tmp_path):
    runs = [make_record(name) for name in ("a", "b", "c")]
    first, second = make_record("d", config=config(epochs=2)), make_record("d", day=2, key="second")
    names = {row.keys[0]: row.method for row in board_of(tmp_path, *runs, first, second).rows}
    assert (names[first.key], names["second"]) == ("d [training.epochs=2]", "d")


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


def test_fine_tuned_models_of_several_seeds_make_one_row(tmp_path):
    runs = [
        make_record(seed=u, key=f"{u}{f}", metrics={"forget_rouge": (0.3 + 0.1 * u + 0.2 * f,)}, config=CONFIG | {"finetuning_seed": f})
        for f in (1, 0)
        for u in (0, 1)
    ]  # fmt: skip
    (row,) = board_of(tmp_path, *runs).rows
    assert (row.method, row.seeds, row.finetuning_seeds) == ("npo", (0, 1, 0, 1), (0, 0, 1, 1))
    assert row.keys == ("00", "10", "01", "11") and row.cells["forget_rouge"].value == pytest.approx(0.45)
    (line,) = list(csv.DictReader(io.StringIO(csv_text(board_of(tmp_path / "b", *runs)))))
    assert line["seeds"] == "0/0 1/0 0/1 1/1"
    assert table_row(row, [], Texts())["seeds"] == "2 seeds on 2 fine-tuned models"
    lines = csv.DictReader(io.StringIO(tidy_text(board_of(tmp_path / "c", *runs))))
    assert [(line["seed"], line["finetuning_seed"]) for line in lines] == [
        ("0", "0"),
        ("0", "1"),
        ("1", "0"),
        ("1", "1"),
    ]


def test_a_retrained_model_scored_beside_two_fine_tuned_ones_counts_once(tmp_path):
    retrained = [
        make_record("retrained", seed=seed, key=f"r{seed}{f}", day=1 + f, role="model", config=CONFIG | {"finetuning_seed": f})
        for f in (0, 1)
        for seed in (0, 1)
    ]  # fmt: skip
    runs = [make_record("npo", key=f"n{f}", config=CONFIG | {"finetuning_seed": f}) for f in (0, 1)]
    board = board_of(tmp_path, *retrained, *runs)
    (row,) = [row for row in board.rows if row.name == "retrained"]
    assert (row.keys, row.seeds) == (("r01", "r11"), (0, 1))  # the newer, which the others are compared with
    assert not any("superseded" in note for note in board.notes)
    assert "1 seed a method on 2 fine-tuned models." in caption(board)


def test_a_board_without_methods_counts_no_models_for_them(tmp_path):
    assert "no seeds a method." in caption(board_of(tmp_path, make_record("finetuned")))
