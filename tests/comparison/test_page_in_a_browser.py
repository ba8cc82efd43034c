"""The pages of comparisons in a headless browser; skipped where there is no Chromium (see tests/page/test_browser.py)."""

import pytest

from benchmark.comparison.compare import compare
from benchmark.comparison.page import write_page, write_published_page
from benchmark.comparison.published import beside, read_published
from benchmark.leaderboard.build import build
from tests.comparison.test_page import board
from tests.conftest import ROOT
from tests.page.browser import browser, program
from tests.page.made_pages import HANDLER, NAMES, SCRIPT, hostile_board
from tests.page.test_browser import CONTRAST, NAMES_SHOWN

pytestmark = pytest.mark.skipif(
    program() is None, reason="there is no Chromium here; install Debian's package chromium"
)
PUBLISHED = ROOT / "results" / "published"


@pytest.fixture(scope="module")
def tab(tmp_path_factory):
    with browser(tmp_path_factory.mktemp("profile")) as opened:
        yield opened


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """compare.html of boards whose order is turned round, of hostile boards, and published.html."""
    folder = tmp_path_factory.mktemp("compared")
    turned = compare(board(folder / "1", {"npo": 1.0, "rkld": 2.0, "dpo": 3.0}),
                     board(folder / "2", {"npo": 3.0, "rkld": 2.1, "dpo": 1.0}), ("first", "second"))  # fmt: skip
    evil = compare(hostile_board(folder / "3"), hostile_board(folder / "4"), (SCRIPT, HANDLER))
    (folder / "n.csv").write_text(
        "source,model,split,row,forget_quality,model_utility\n" + f'"{SCRIPT}",{"m" * 60},forget10,NPO,0.1,\n'
    )
    made = beside(build(PUBLISHED / "quick"), read_published(folder / "n.csv"), "n" * 60, SCRIPT)
    return [
        write_page(folder / "a", turned),
        write_page(folder / "b", evil),
        write_published_page(folder / "c", made),
    ]


@pytest.fixture
def page(tab, pages):
    tab.complaints.clear()
    tab.look(1280)
    tab.open(pages[0])
    yield tab
    assert tab.complaints == [] and len(tab.requests) == 1


def test_places_that_changed_stand_out(page):
    rows = "[...document.querySelectorAll('#orders-body svg > g')].map((g) => [g.querySelector('a').textContent, g.getAttribute('class')])"
    assert page.run(rows) == [["npo", "telling"], ["rkld", "control"], ["dpo", "telling"]]
    assert page.run("[...document.querySelectorAll('#board td strong')].map((s) => s.textContent)") == [
        "×3.00",
        "1 → 3",
        "×0.33",
        "3 → 1",
    ]


def test_the_boards_own_numbers_can_be_shown_and_a_row_opened(page):
    page.run(
        "[...document.querySelectorAll('#controls input')].find((b) => b.parentElement.textContent === \"b's numbers\").click()"
    )
    assert page.run("[...document.querySelectorAll('#board thead th')].map((h) => h.textContent)") == [
        "Method",
        "Distance",
        "Places",
        "Distance (b) ↓",
        "Status",
    ]
    page.run("[...document.querySelectorAll('#board tbody a')].find((a) => a.textContent === 'dpo').click()")
    page.wait("document.getElementById('row').open")
    texts = (
        "[...document.querySelectorAll('#row tbody tr')].map((r) => [...r.cells].slice(0, 4).map((c) => c.textContent))"
    )
    assert page.run(texts) == [["Distance", "3.00 [2.70, 3.30]", "1.00 [0.90, 1.10]", "×0.33"]]


def test_a_chart_has_its_numbers_as_a_table(page):
    page.run("document.querySelector('#compare-body summary').click()")
    page.wait("document.querySelector('#compare-body details table') !== null")
    cells = "[...document.querySelectorAll('#compare-body details tbody tr')].map((r) => [...r.cells].slice(0, 2).map((c) => c.textContent))"
    assert page.run(cells) == [["retrained", "1"], ["npo", "3"], ["rkld", "1.05"], ["dpo", "0.333"]]


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", [1280, 390])
def test_hostile_text_does_nothing_and_everything_can_be_read(tab, pages, dark, width):
    tab.complaints.clear()
    tab.look(width, dark=dark)
    for path in pages:
        tab.open(path)
        assert tab.run("document.documentElement.scrollWidth") == width, path
        assert tab.run(CONTRAST) == [] and tab.run("window.broken === undefined && document.images.length === 0")
        if tab.run("document.querySelectorAll('#board tbody a').length"):
            tab.run("document.querySelector('#board tbody a').click()")
            tab.wait("document.getElementById('row').open")
            assert tab.run(CONTRAST) == [] and tab.run("document.documentElement.scrollWidth") == width
            assert tab.run("document.getElementById('row').scrollWidth <= document.getElementById('row').clientWidth")
        assert len(tab.requests) == 1
    assert tab.complaints == []


def test_hostile_names_are_shown_as_they_are(tab, pages):
    tab.open(pages[1])
    assert set(NAMES) <= set(tab.run(NAMES_SHOWN))
    assert SCRIPT in tab.run("document.querySelector('.sides').textContent")
