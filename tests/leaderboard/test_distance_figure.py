"""The figure of a board with distances: axes, the retrained models' band, controls and the Pareto front."""

import math

import numpy as np
import pytest

from benchmark.leaderboard.distance_view import ROOM, DistanceView
from benchmark.leaderboard.figure import compose, view_of
from benchmark.leaderboard.panel import GREY
from benchmark.leaderboard.quality_view import QualityView
from benchmark.leaderboard.view import BLACK, BLUE
from tests.leaderboard.made_records import board_of, make_record
from tests.leaderboard.test_figure import points, words


def row(method, far, kept, **fields):
    return make_record(
        method,
        metrics={"distance_largest": (far, far / 2, far * 2), "utility_kept": (kept, kept - 0.05, 1.0)},
        **fields,
    )


def records(split="forget10"):
    retrained = [
        make_record("retrained", seed, split, metrics={"distance_largest": (far,), "utility_kept": (1.0,)})
        for seed, far in enumerate((0.8, 1.0, 1.25))
    ]
    return [
        *retrained,
        row("finetuned", 8.0, 1.0, split=split),
        row("near", 2.0, 0.92, split=split),
        row("useful", 4.0, 0.98, split=split),
        row("beaten", 5.0, 0.97, split=split),
        row("collapsed", 1.5, 0.99, split=split, status="diverged"),
        row("dose-0.1", 1.6, 1.0, split=split, role="control"),
        row("refuse_all", 400.0, 0.0, split=split, role="control"),
    ]


@pytest.fixture
def axes(tmp_path):
    return compose(board_of(tmp_path, *records())).axes[0]


def test_the_view_is_the_boards_own(tmp_path):
    assert isinstance(view_of(board_of(tmp_path / "a", *records())), DistanceView)
    only_far = make_record(metrics={"distance_largest": (2.0,)}, quality=(0.5,), utility=(0.5,))
    assert isinstance(view_of(board_of(tmp_path / "b", only_far)), QualityView)


def test_nearer_is_higher_on_a_logarithmic_axis(axes):
    drawn = points(axes)
    assert (0.92, round(-math.log10(2), 6)) in drawn and (1.0, round(-math.log10(8), 6)) in drawn
    assert axes.get_ylim()[0] < axes.get_ylim()[1] and "near at the top" in axes.get_ylabel()
    ticks = {tick.get_text(): tick.get_position()[1] for tick in axes.get_yticklabels()}
    assert {"1", "2", "5", "10", "20", "50", "≥ 100"} <= ticks.keys()
    assert ticks["5"] == pytest.approx(-math.log10(5)) and ticks["≥ 100"] == pytest.approx(-2)
    assert drawn[0.0, -2.0].get_marker() == "v"  # 400 is beyond


def test_ticks_thin_out_where_the_axis_is_long():
    heights, texts = DistanceView({}).ticks(-2.1, 0.9)
    assert texts == ["1", "10", "≥ 100"] and heights == pytest.approx([0, -1, -2])


def test_a_band_shows_where_the_retrained_models_lie(axes):
    band, utility = axes.patches
    assert (band.get_y(), band.get_y() + band.get_height()) == pytest.approx((-math.log10(1.25), -math.log10(0.8)))
    assert utility.get_x() == pytest.approx(0.9)
    assert "≥ 90 % of every part of utility kept" in words(axes)


def test_the_front_is_of_the_methods_alone(axes):
    edges = {place: line.get_markeredgecolor() for place, line in points(axes).items()}
    on_front = {place for place, colour in edges.items() if colour == BLACK}
    useful, near = (0.98, round(-math.log10(4), 6)), (0.92, round(-math.log10(2), 6))
    assert on_front - {(1.0, round(-math.log10(3.05 / 3), 6))} == {useful, near}  # and the retrained models' own black
    (stairs,) = [line for line in axes.lines if line.get_drawstyle() == "steps-pre"]
    assert list(stairs.get_xdata())[1:] == [0.92, 0.98, 0.98]
    assert list(stairs.get_ydata())[:3] == pytest.approx([-math.log10(2), -math.log10(2), -math.log10(4)])


def test_controls_are_small_and_grey_with_grey_names(axes):
    drawn = points(axes)
    control, method = drawn[1.0, round(-math.log10(1.6), 6)], drawn[0.92, round(-math.log10(2), 6)]
    assert control.get_color() == GREY and control.get_markersize() < method.get_markersize()
    colours = {text.get_text(): text.get_color() for text in axes.texts}
    assert (colours["dose-0.1"], colours["near"]) == (GREY, BLUE)


def test_utility_that_counts_has_more_room(axes):
    places = axes.transData.transform([(u, 0.0) for u in (0.3, 0.4, 0.9, 0.95, 1.0)])[:, 0]
    assert (places[4] - places[3]) / (places[1] - places[0]) == pytest.approx(ROOM * 0.05 / 0.1)
    assert (places[4] - places[2]) / (places[4] - places[3]) == pytest.approx(2)
    assert [tick for tick in axes.get_xticks() if tick <= 1] == [0.0, 0.3, 0.6, 0.9, 0.95, 1.0]
    assert f"{ROOM:.0f} times the scale from 0.9 on" in axes.get_xlabel()


def test_the_legend_names_what_is_drawn(tmp_path):
    def legend(*rows):
        return [text.get_text() for text in compose(board_of(tmp_path / str(len(rows)), *rows)).legends[0].get_texts()]

    assert legend(*records()) == [
        "method", "diverged", "control", "fine-tuned", "retrained", "beyond 100", "Pareto front",
        "range of retrained models", "95 % interval",
    ]  # fmt: skip
    bare = make_record(metrics={"distance_largest": (2.0,), "utility_kept": (0.92,)})
    assert legend(bare) == ["method", "Pareto front"]  # no interval to explain


def test_a_split_without_distances_says_so(tmp_path):
    other = make_record("near", split="forget05", quality=(0.5,), utility=(0.5,))
    upper, lower = compose(board_of(tmp_path, *records(), other)).axes
    assert words(upper) == {"no row with both numbers"} and "near" in words(lower)


def test_names_of_a_crowded_board_are_whole_and_apart(tmp_path):
    rng = np.random.default_rng(0)
    many = [
        row(f"method_{i}", 1.5 * math.exp(abs(x)), 0.97 + 0.02 * y) for i, (x, y) in enumerate(rng.normal(size=(30, 2)))
    ]
    figure = compose(board_of(tmp_path, *records(), *many))
    boxes = [text.get_window_extent() for text in figure.axes[0].texts if text.get_text().startswith("method_")]
    assert len(boxes) == 30
    for i, box in enumerate(boxes):
        assert 0 <= box.x0 and box.x1 <= figure.bbox.width and 0 <= box.y0 and box.y1 <= figure.bbox.height
        assert not any(box.overlaps(other) for other in boxes[:i])
