"""The course of unlearning on a board: its table, its curves, and that boards without one are as before."""

import csv
import io

import pytest

from benchmark.leaderboard.build import write
from benchmark.leaderboard.course import compose_course, course_csv, has_course
from tests.leaderboard.made_records import CONFIG, board_of, make_record

FORGET = {"forget_probability": (0.2, None, None), "retain_probability": (0.9, None, None)}


def course(*forget, epochs=(1, 2, 4)):
    return {
        "epoch": list(epochs),
        "step": [10 * epoch for epoch in epochs],
        "forget_probability": list(forget),
        "retain_probability": [0.9] * len(forget),
    }


@pytest.fixture
def board(tmp_path):
    return board_of(
        tmp_path,
        make_record("finetuned", metrics=FORGET),
        make_record("npo", 0, course=course(0.8, 0.6, 0.4)),
        make_record("npo", 1, course=course(0.4, None, 0.2)),
        make_record("a $name$_%", course=course(0.5, 0.4, 0.3), split="forget05"),
        make_record("idk"),
        make_record("rkld", status="diverged", course=course(epochs=())),
    )


def curves(axes):
    return [line for line in axes.get_lines() if line.get_linewidth() > 1]


def test_the_table_has_a_line_a_run_and_look(board):
    rows = list(csv.DictReader(io.StringIO(course_csv(board))))
    assert [(row["method"], row["seed"], row["epoch"], row["step"], row["forget_probability"]) for row in rows] == [
        *(("a $name$_%", "0", epoch, step, value) for epoch, step, value in zip("124", ("10", "20", "40"), ("0.5", "0.4", "0.3"), strict=True)),
        *(("npo", "0", epoch, step, value) for epoch, step, value in zip("124", ("10", "20", "40"), ("0.8", "0.6", "0.4"), strict=True)),
        *(("npo", "1", epoch, step, value) for epoch, step, value in zip("124", ("10", "20", "40"), ("0.4", "", "0.2"), strict=True)),
    ]  # fmt: skip


def test_several_fine_tuned_models_are_told_apart_in_the_table(tmp_path):
    runs = [
        make_record("npo", key=f"n{seed}", course=course(0.8, 0.6, 0.4), config=CONFIG | {"finetuning_seed": seed})
        for seed in (0, 1)
    ]
    rows = list(csv.DictReader(io.StringIO(course_csv(board_of(tmp_path, *runs)))))
    assert [(row["seed"], row["finetuning_seed"]) for row in rows] == [("0", "0")] * 3 + [("0", "1")] * 3


def test_a_curve_is_the_mean_over_seeds_where_all_have_a_value(board):
    panels = compose_course(board).axes
    assert [axes.get_title(loc="left") for axes in panels] == [
        f"{split}: {metric} probability" for split in ("forget05", "forget10") for metric in ("forget", "retain")
    ]
    (curve,) = curves(panels[2])
    assert list(curve.get_xdata()) == [1, 4] and list(curve.get_ydata()) == pytest.approx([0.6, 0.3])
    reference = [line for line in panels[2].get_lines() if line.get_linewidth() < 1]
    assert [line.get_ydata()[0] for line in reference] == [0.2]  # the fine-tuned model's level


def test_every_curve_has_a_look_and_a_name_of_its_own(board, tmp_path):
    many = board_of(tmp_path / "many", *(make_record(f"m{i:02}", course=course(0.5, 0.4, 0.3)) for i in range(30)))
    figure = compose_course(many)
    looks = {(line.get_color(), str(line._unscaled_dash_pattern)) for line in curves(figure.axes[0])}
    names = [text.get_text() for text in figure.legends[0].get_texts()]
    assert len(looks) == 30 and names == [f"m{i:02}" for i in range(30)]
    assert "a $name$_%" in [text.get_text() for text in compose_course(board).legends[0].get_texts()]


def test_the_files_are_there_where_a_record_has_a_course_only(board, tmp_path):
    write(tmp_path / "with", board)
    assert {"course.csv", "course.png", "course.pdf"} <= {path.name for path in (tmp_path / "with").iterdir()}
    plain = board_of(tmp_path / "plain", make_record("npo"), make_record("rkld", course=course(epochs=())))
    write(tmp_path / "without", plain)
    assert not has_course(plain) and not list((tmp_path / "without").glob("course*"))
