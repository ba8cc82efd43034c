"""The pages in a headless browser: they work, ask for nothing, can be read in both themes and on a phone.

Skipped where there is no Chromium; Debian's package "chromium" is enough.
"""

import shutil

import pytest

from benchmark.leaderboard.build import build
from benchmark.page import write_pages
from benchmark.page.site import write_site
from tests.conftest import ROOT
from tests.page.browser import browser, program
from tests.page.made_pages import NAMES, hostile_board

pytestmark = pytest.mark.skipif(
    program() is None, reason="there is no Chromium here; install Debian's package chromium"
)

QUICK = ROOT / "results" / "published" / "quick"
CONTRAST = """(() => {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const colour = (text) => { canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = text; canvas.fillRect(0, 0, 1, 1); return [...canvas.getImageData(0, 0, 1, 1).data]; };
  const light = (c) => c.slice(0, 3).map((v) => v / 255).map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = (e) => { for (; e; e = e.parentElement) { const c = colour(getComputedStyle(e).backgroundColor); if (c[3] === 255) return c; } return [255, 255, 255, 255]; };
  const low = [];
  for (const e of document.querySelectorAll("body *")) {
    const own = [...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
    if (!own || !e.getClientRects().length || ["SCRIPT", "TITLE", "title"].includes(e.tagName)) continue;
    const style = getComputedStyle(e), text = e.namespaceURI.endsWith("svg") ? style.fill : style.color;
    const [a, b] = [light(colour(text)), light(behind(e))].sort((x, y) => y - x);
    if ((a + 0.05) / (b + 0.05) < 4.5) low.push(`${e.tagName} ${e.textContent.slice(0, 20)} ${text}`);
  }
  return low;
})()"""
NAMES_SHOWN = (
    "[...document.querySelectorAll('#board tbody:not([hidden]) tr:not(.block) th a')].map((a) => a.textContent)"
)


@pytest.fixture(scope="module")
def tab(tmp_path_factory):
    with browser(tmp_path_factory.mktemp("profile")) as opened:
        yield opened


@pytest.fixture(scope="module")
def quick(tmp_path_factory):
    """The published quick board's page, without its answers, with its sweep beside it."""
    folder = tmp_path_factory.mktemp("pages") / "quick"
    shutil.copytree(QUICK / "records", folder / "records", ignore=shutil.ignore_patterns("*.parquet"))
    return write_pages(folder, build(folder, name="quick"), beside=QUICK)[0]


@pytest.fixture(scope="module")
def hostile(tmp_path_factory):
    folder = tmp_path_factory.mktemp("hostile")
    return write_pages(folder, hostile_board(folder, answers=True))


@pytest.fixture
def page(tab, quick):
    tab.complaints.clear()
    tab.look(1280)
    tab.open(quick)
    yield tab
    assert tab.complaints == []
    assert [url for url in tab.requests if not url.startswith(("data:", quick.as_uri()))] == []


def test_columns_sort_by_pointer_and_by_key(page):
    page.run("document.querySelector('[data-column=utility_kept]').focus()")
    page.press("Enter")
    kept = "[...document.querySelectorAll('#board tbody')].map((b) => [...b.querySelectorAll('tr:not(.block)')].map((r) => data(r)))"
    values = page.run("(() => { const data = (r) => parseFloat(r.cells[5].textContent); return " + kept + "; })()")
    assert len(values) == 4 and all(block == sorted(block, reverse=True) for block in values)
    assert page.run("document.activeElement.closest('th').getAttribute('aria-sort')") == "descending"
    page.run("document.activeElement.click()")
    assert (
        page.run("document.querySelector('[data-column=utility_kept]').closest('th').getAttribute('aria-sort')")
        == "ascending"
    )


def test_filters_take_rows_away(page):
    everything = page.run(NAMES_SHOWN)
    page.run(
        "(() => { const i = document.querySelector('input[type=search]'); i.value = 'npo'; i.dispatchEvent(new Event('input')); })()"
    )
    assert page.run(NAMES_SHOWN) == [name for name in everything if "npo" in name]
    page.run(
        "[...document.querySelectorAll('#controls input[type=checkbox]')].find((b) => b.parentElement.textContent === 'methods').click()"
    )
    assert page.run(NAMES_SHOWN) == []
    assert page.run("document.getElementById('shown').textContent").startswith("0 of ")


def test_families_and_intervals_change_what_is_shown(page):
    heads = "document.querySelectorAll('#board thead th').length"
    before = page.run(heads)
    page.run(
        "[...document.querySelectorAll('#controls input')].find((b) => b.parentElement.textContent === 'Privacy').click()"
    )
    assert page.run(heads) > before
    assert page.run("document.querySelectorAll('#board td .bar').length") > 0
    page.run(
        "(() => { const s = document.querySelector('#controls select'); s.value = 'numbers'; s.dispatchEvent(new Event('change')); })()"
    )
    assert page.run("document.querySelectorAll('#board td .bar').length") == 0
    assert page.run("document.querySelector('#board .limits').textContent") == "[8.74, 17.27]"


def test_a_point_opens_its_row_and_escape_goes_back(page):
    page.run("document.querySelector('.point.method').focus()")
    page.press("Enter")
    page.wait("document.getElementById('row').open")
    name = page.run("document.querySelector('.point.method text').textContent")
    assert page.run("document.getElementById('row-title').textContent") == name
    for part in ("Every number", "Against every other method", "Author by author", "Training loss", "Make it again"):
        assert part in page.run("[...document.querySelectorAll('#row h3')].map((h) => h.textContent)")
    page.press("Escape")
    page.wait("!document.getElementById('row').open && location.hash === ''")


def test_pictures_follow_the_metric(page):
    texts = "[...document.querySelectorAll('#compare-body svg g')].map((g) => g.lastChild.textContent)"
    first = page.run(texts)
    page.run(
        "(() => { const s = document.querySelector('#compare-body select'); s.value = 'residual'; s.dispatchEvent(new Event('change')); })()"
    )
    assert page.run(texts) != first
    assert page.run("document.getElementById('sensitivity-section').hidden") is False
    assert page.run("document.querySelectorAll('#sensitivity-body .dot').length") > 0


@pytest.mark.parametrize("dark", [False, True])
def test_every_text_can_be_read(page, dark):
    page.look(1280, dark=dark)
    assert page.run("matchMedia('(prefers-color-scheme: dark)').matches") is dark
    assert page.run(CONTRAST) == []
    page.run("document.querySelector('#board tbody a').click()")
    page.wait("document.getElementById('row').open")
    assert page.run(CONTRAST) == []


def test_nothing_overflows_on_a_phone(page):
    page.look(390)
    assert page.run("document.documentElement.scrollWidth") == 390
    page.run("document.querySelector('#board tbody a').click()")
    page.wait("document.getElementById('row').open")
    assert page.run("document.documentElement.scrollWidth") == 390
    assert page.run("document.getElementById('row').scrollWidth <= document.getElementById('row').clientWidth")


def test_what_is_shown_is_saved_without_formulas(tab, hostile):
    tab.open(hostile[0])
    caught = "(() => { let text; const own = URL.createObjectURL; URL.createObjectURL = (b) => { text = b.text(); return own.call(URL, b); };"
    csv = tab.run(
        caught + " document.querySelector('button.plain').click(); URL.createObjectURL = own; return text; })()"
    )
    assert "\n'=1+1,forget10" in csv and csv.startswith("method,split,block,status,distance_largest")


def test_hostile_names_and_answers_do_nothing(tab, hostile):
    tab.complaints.clear()
    tab.look(390)
    for path in hostile:
        tab.open(path)
        for link in range(
            tab.run("document.querySelectorAll('#board tbody a').length") if path.name == "leaderboard.html" else 0
        ):
            tab.run(f"document.querySelectorAll('#board tbody a')[{link}].click()")
            tab.wait("document.getElementById('row').open")
        assert tab.run("window.broken === undefined && document.images.length === 0")
        assert tab.run("document.documentElement.scrollWidth") == 390
        assert len(tab.requests) == 1
    assert tab.complaints == []
    assert tab.run("document.querySelectorAll('.answer').length") == 4
    tab.open(hostile[0])
    assert set(NAMES) <= set(tab.run(NAMES_SHOWN))


def test_the_policy_refuses_a_script_that_got_in(tab, quick, tmp_path):
    """The second line of defence: were an answer ever not escaped, its script would still not run."""
    text = quick.read_text(encoding="utf-8")
    (tmp_path / "bad.html").write_text(
        text.replace("</main>", "<script>window.broken = 1</script></main>"), encoding="utf-8"
    )
    tab.open(tmp_path / "bad.html")
    assert tab.run("window.broken === undefined")
    assert any("Content Security Policy" in text for text in tab.complaints)
    tab.complaints.clear()


@pytest.mark.parametrize("dark", [False, True])
def test_the_index_and_the_answers_can_be_read(tab, quick, hostile, dark):
    index = write_site(quick.parent.parent)
    for path in (index, hostile[1]):
        tab.look(390, dark=dark)
        tab.open(path)
        assert tab.run(CONTRAST) == [] and tab.run("document.documentElement.scrollWidth") == 390
    assert tab.complaints == []


def test_a_chart_fits_a_printed_page_and_controls_are_left_out(page):
    page.look(700)
    page.call("Emulation.setEmulatedMedia", media="print")
    tall = "Math.max(...[...document.querySelectorAll('.chart, .picture')].map((c) => parseFloat(getComputedStyle(c).maxHeight)))"
    assert page.run(tall) == pytest.approx(24 / 2.54 * 96, abs=1)
    assert page.run(
        "[...document.querySelectorAll('#controls, details.numbers, button.plain')].every((e) => !e.getClientRects().length)"
    )
    page.call("Emulation.setEmulatedMedia", media="")
