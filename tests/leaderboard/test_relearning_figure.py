"""The figure of relearning: which lines it has, from records alone."""

import numpy as np
import pytest

from benchmark.leaderboard.build import write
from benchmark.leaderboard.relearning_figure import compose, draw_relearning, panels_of
from benchmark.leaderboard.view import BLUE
from tests.leaderboard.made_records import board_of, make_record, measured

STEPS = (0, 1, 2, 4)


def record(method, heights, seed=0, kind="forget", **fields):
    curve = {f"nats_{step}": height for step, height in zip(STEPS, heights, strict=True)}
    column = measured(0.5, 0.4, 0.6, **curve)
    return make_record(method, seed, metrics={f"relearn_excess_end_{kind}": column}, **fields)


def records(kind="forget"):
    return [
        record("finetuned", (-0.1, -0.3, -0.5, -0.6), kind=kind),
        *(record("retrained", np.array([-2, -1.9, -1.8, -1.7]) - 0.1 * seed, seed, kind) for seed in range(3)),
        record("npo", (-1.5, -1.0, -0.8, -0.7), kind=kind),
        record("npo", (-1.7, -1.2, -1.0, -0.9), seed=1, kind=kind),
        record("grad_ascent", (-90, -40, -20, -10), kind=kind),
    ]


def lines(axes):
    return {line.get_color(): list(line.get_ydata()) for line in axes.lines}


def test_a_line_is_the_mean_of_its_runs_and_retrained_models_are_a_band(tmp_path):
    board = board_of(tmp_path, *records())
    (axes,) = compose(board, panels_of(board)).axes
    drawn = [(line.get_color(), list(line.get_ydata())) for line in axes.lines]
    assert (BLUE, pytest.approx([-1.6, -1.1, -0.9, -0.8])) in drawn and len(drawn) == 4
    (band,) = axes.collections
    corners = band.get_paths()[0].vertices[:, 1]
    assert (corners.min(), corners.max()) == pytest.approx((-2.2, -1.7))
    assert axes.get_ylim()[0] > -3  # what broke runs off the panel
    assert [tick.get_text() for tick in axes.get_xticklabels()] == ["0", "1", "2", "4"]


def test_names_keep_off_one_another(tmp_path):
    same = [record(f"method_{i}", (-1.5, -1.0, -0.8, -0.7)) for i in range(30)]
    board = board_of(tmp_path, *records(), *same)
    (axes,) = compose(board, panels_of(board)).axes
    heights = sorted(text.get_position()[1] for text in axes.texts)
    assert len(heights) == 34 and np.diff(heights).min() > 0.02 and heights[0] >= 0


def test_a_panel_for_each_kind_of_rows_and_files_only_where_there_is_a_curve(tmp_path):
    board = board_of(tmp_path / "a", *records("retain"))
    assert panels_of(board) == [("forget10", "retain")]
    write(tmp_path / "a", board)
    write(tmp_path / "b", board_of(tmp_path / "b", make_record("npo")))
    assert (tmp_path / "a" / "relearning.pdf").is_file() and (tmp_path / "a" / "relearning.png").is_file()
    assert not list((tmp_path / "b").glob("relearning.*"))
    assert draw_relearning(board, tmp_path / "c.png")
    assert (tmp_path / "c.png").read_bytes() == (tmp_path / "a" / "relearning.png").read_bytes()
