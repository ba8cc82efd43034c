"""The course of unlearning on a board's page: its curves, and nothing where nothing was measured."""

import pytest

from benchmark.page import write_page
from benchmark.page.board_page import page_data
from tests.leaderboard.made_records import board_of, make_record
from tests.page.browser import browser, program
from tests.page.made_pages import NAMES, SCRIPT, Page

LEVEL = {"forget_probability": (0.9, None, None), "retain_probability": (0.95, None, None)}
has_browser = pytest.mark.skipif(
    program() is None, reason="there is no Chromium here; install Debian's package chromium"
)


def course(*forget):
    epochs = list(range(1, len(forget) + 1))
    return {"epoch": epochs, "step": epochs, "forget_probability": list(forget), "retain_probability": [0.9] * len(forget)}  # fmt: skip


@pytest.fixture(scope="module")
def board(tmp_path_factory):
    return board_of(
        tmp_path_factory.mktemp("course"),
        make_record("finetuned", metrics=LEVEL),
        make_record("npo", 0, course=course(0.8, 0.6, 0.4)),
        make_record("npo", 1, course=course(0.4, None, 0.2)),
        make_record(NAMES[0], course=course(0.7, 0.5, 0.1), config={"method": {"x": SCRIPT}}),
        make_record("idk"),
        make_record("rkld", status="diverged", course=course()),
    )


def test_a_curve_a_row_is_the_mean_over_its_seeds(board):
    data = page_data(board)
    rows = {row["id"]: row["method"] for row in data["rows"]}
    curves = {curve["method"]: curve for curve in data["course"]["curves"]}
    assert set(curves) == {"npo", NAMES[0]} and all(rows[c["id"]] == name for name, c in curves.items())
    assert curves["npo"]["points"] == {"forget_probability": [[1.0, 0.6], [3.0, 0.3]],
                                       "retain_probability": [[1.0, 0.9], [2.0, 0.9], [3.0, 0.9]]}  # fmt: skip
    assert data["course"]["levels"] == {
        "forget10": [{"name": "finetuned", "values": {"forget_probability": 0.9, "retain_probability": 0.95}}]
    }


def test_a_board_without_looks_has_no_course(tmp_path):
    assert page_data(board_of(tmp_path, make_record("npo"), make_record("idk")))["course"] is None


@has_browser
def test_the_curves_are_drawn_and_hidden_where_there_are_none(board, tmp_path):
    (tmp_path / "without").mkdir()
    without = board_of(tmp_path / "without", make_record("npo"), make_record("idk"))
    paths = [write_page(tmp_path, board), write_page(tmp_path / "without", without)]
    assert [any(a.get("id") == "course-section" and "hidden" in a for _, a in Page(p.read_text()).elements) for p in paths] == [True] * 2  # fmt: skip
    with browser(tmp_path / "profile") as tab:
        tab.look(390)
        tab.open(paths[0])
        assert tab.run("document.getElementById('course-section').hidden") is False
        names = "[...document.querySelectorAll('#course-body .chart')].map((c) => [...c.querySelectorAll('.line.method .end')].map((t) => t.textContent).sort())"
        assert tab.run(names) == [sorted([NAMES[0][:25] + "…", "npo"])] * 2
        assert tab.run("document.querySelectorAll('#course-body .rule').length") == 2
        assert tab.run("document.documentElement.scrollWidth") == 390
        tab.run("(() => { const s = document.querySelector('#course-body select'); s.value = 'npo'; s.dispatchEvent(new Event('change')); })()")  # fmt: skip
        assert tab.run(names) == [["npo"]] * 2
        tab.run("document.querySelector('#course-body a').focus()")
        tab.press("Enter")
        tab.wait("document.getElementById('row').open")
        assert "The course of unlearning" in tab.run(
            "[...document.querySelectorAll('#row h3')].map((h) => h.textContent)"
        )
        assert tab.run("window.broken === undefined") and len(tab.requests) == 1
        tab.open(paths[1])
        assert tab.run("document.getElementById('course-section').hidden") is True and tab.complaints == []
