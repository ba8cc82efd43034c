"""The figure of what comes back: an arrow a row, from the residual to the worst one."""

import pytest

from benchmark.leaderboard.build import write
from benchmark.leaderboard.resurfacing_figure import arrows, compose, draw_resurfacing
from tests.leaderboard.made_records import board_of, make_record, measured


def attacked(method, before, after, attack, seed=0, **fields):
    worst = {**measured(after, after - 0.1, after + 0.1), "extra": {"attack": attack}}
    return make_record(
        method, seed, metrics={"residual": (before, before - 0.2, before + 0.2), "residual_worst": worst}, **fields
    )


@pytest.fixture
def records():
    return [
        attacked("finetuned", 1.0, 1.0, "no attack"),
        attacked("npo", 0.1, 0.5, "relearn_forget"),
        attacked("rkld", 0.2, 0.3, "asked"),
        attacked("tpo", -40.0, 0.2, "nf4"),
        make_record("dpo", metrics={"residual": (0.4, 0.3, 0.5)}),  # not attacked
    ]


def test_every_attacked_row_has_its_arrow(tmp_path, records):
    drawn = {arrow.name: arrow for arrow in arrows(board_of(tmp_path, *records), "forget10")}
    assert set(drawn) == {"finetuned", "npo", "rkld", "tpo"}
    npo = drawn["npo"]
    assert (npo.before, npo.after, npo.attack) == (0.1, 0.5, "relearn forget")
    assert (npo.low, npo.high) == pytest.approx((0.4, 0.6))


def test_arrows_stay_on_the_panel(tmp_path, records):
    (axes,) = compose({"forget10": arrows(board_of(tmp_path, *records), "forget10")}).axes
    low, high = axes.get_xlim()
    assert low < 0 and high > 1 and low > -2
    tails = [a.xyann[0] for a in axes.texts if hasattr(a, "xyann") and not a.get_text()]
    assert len(tails) == 4 and min(tails) >= low  # that of tpo begins at the edge
    assert [label.get_text() for label in axes.get_yticklabels()][0] == "finetuned"


def test_files_only_where_something_was_attacked(tmp_path, records):
    write(tmp_path / "a", board_of(tmp_path / "a", *records))
    assert (tmp_path / "a" / "resurfacing.png").is_file() and (tmp_path / "a" / "resurfacing.pdf").is_file()
    assert not draw_resurfacing(board_of(tmp_path / "b", records[-1]), tmp_path / "b" / "resurfacing.png")
    assert not (tmp_path / "b" / "resurfacing.png").exists()
