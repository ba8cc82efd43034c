import math

import pytest

from benchmark.leaderboard.figure import compose, draw
from benchmark.leaderboard.quality_view import QualityView
from benchmark.leaderboard.view import BLUE
from tests.leaderboard.made_records import board_of, make_record, only

FLOOR = QualityView.floor


def references(split="forget10"):
    return [
        make_record("finetuned", split=split, quality=(1e-22, 1e-30, 1e-18), utility=(0.6, 0.58, 0.62)),
        make_record("retrained", 1, split=split, quality=(0.9, 0.5, 1.0), utility=(0.61, 0.59, 0.63)),
    ]


def methods(split="forget10"):
    return [
        make_record("rkld", split=split, quality=(0.5, 0.1, 0.9), utility=(0.55, 0.5, 0.6)),
        make_record("npo", split=split, quality=(0.01, 0.0, 0.2), utility=(0.3, 0.2, 0.4), status="diverged"),
    ]


def words(axes):
    return {text.get_text().strip() for text in axes.texts}


def points(axes):
    """(x, y) -> the marker's line."""
    lines = [line for line in axes.lines if line.get_marker() not in ("None", None, "")]
    return {(line.get_xdata()[0], round(line.get_ydata()[0], 6)): line for line in lines}


def test_both_files_are_written_and_the_same_board_gives_the_same_bytes(tmp_path):
    board = board_of(tmp_path / "board", *references(), *methods())
    for name in ("a", "b"):
        draw(board, tmp_path / name / "board.png")
    for kind, start in (("png", b"\x89PNG"), ("pdf", b"%PDF")):
        a, b = ((tmp_path / name / f"board.{kind}").read_bytes() for name in ("a", "b"))
        assert a == b and a.startswith(start)
        assert b"CreationDate" not in a and b"Software" not in a
    assert sorted(path.name for path in (tmp_path / "a").iterdir()) == ["board.pdf", "board.png"]


def test_one_panel_a_split_with_every_name(tmp_path):
    records = [r for split in ("forget10", "forget01") for r in references(split) + methods(split)]
    figure = compose(board_of(tmp_path, *records))
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["forget01", "forget10"]
    for axes in figure.axes:
        assert {"finetuned", "retrained", "rkld", "npo", "p = 0.05"} <= words(axes)


def test_points_lie_at_utility_and_log10_quality(tmp_path):
    (axes,) = compose(board_of(tmp_path, *references(), *methods())).axes
    drawn = points(axes)
    markers = {(0.6, FLOOR): "v", (0.61, -0.045757): "*", (0.55, -0.30103): "o", (0.3, -2.0): "o"}
    assert {place: line.get_marker() for place, line in drawn.items()} == markers
    assert drawn[0.55, -0.30103].get_markerfacecolor() == BLUE
    assert drawn[0.3, -2.0].get_markerfacecolor() == "white"  # it diverged
    ticks = [tick.get_text() for tick in axes.get_yticklabels()]
    assert ticks[0] == "1" and ticks[-1] == r"$\leq 10^{-10}$"


def test_intervals_line_and_band(tmp_path):
    (axes,) = compose(board_of(tmp_path, *references(), *methods())).axes
    lines = [(list(line.get_xdata()), list(line.get_ydata())) for line in axes.lines]
    assert ([0.5, 0.6], [math.log10(0.5)] * 2) in lines  # rkld's utility
    assert any(x == [0.55, 0.55] and y == pytest.approx([-1, math.log10(0.9)]) for x, y in lines)
    (low,) = [min(y) for x, y in lines if x == [0.3, 0.3]]
    assert low < axes.get_ylim()[0]  # a limit of 0 runs off the panel
    assert any(y == [pytest.approx(-1.30103)] * 2 for _, y in lines)
    (band,) = axes.patches
    assert band.get_x() == pytest.approx(0.54)  # 0.9 x 0.6
    assert band.get_x() + band.get_width() == pytest.approx(axes.get_xlim()[1])


def test_undefined_values_are_left_out(tmp_path):
    bare = make_record("dpo", quality=(0.5, 0.1, 0.9)), make_record("idk", utility=(0.5, 0.4, 0.6))
    lonely = make_record("wga", split="forget05", utility=(0.5, 0.4, 0.6))
    upper, lower = compose(board_of(tmp_path, *methods(), *bare, lonely)).axes
    assert words(upper) == {"no row with both numbers"}
    assert words(lower) == {"rkld", "npo", "p = 0.05"} and len(points(lower)) == 2
    assert not lower.patches  # nothing to take 90 % of


def test_names_are_text_and_lie_within_the_figure(tmp_path):
    rows = [make_record(f"a$b_{i}$", quality=(0.5, 0.4, 0.6), utility=(0.5, 0.4, 0.6)) for i in range(30)]
    figure = compose(board_of(tmp_path, *rows))
    boxes = [t.get_window_extent() for t in figure.axes[0].texts if t.get_text().startswith("a$")]
    assert len(boxes) == 30
    for i, box in enumerate(boxes):
        assert 0 <= box.x0 and box.x1 <= figure.bbox.width and 0 <= box.y0 and box.y1 <= figure.bbox.height
        assert not any(box.overlaps(other) for other in boxes[:i])


@pytest.mark.parametrize(("quality", "height"), [(1.0, 0.0), (1e-3, -3.0), (1e-200, FLOOR), (0.0, FLOOR)])
def test_height(tmp_path, quality, height):
    row = only(board_of(tmp_path, make_record(quality=(quality,), utility=(0.5,))))
    assert QualityView().place(row) == (0.5, pytest.approx(height))
