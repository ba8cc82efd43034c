"""compare.html and published.html as text: what is there without a script, and that nothing in them is more than text."""

import pytest

from benchmark.comparison.compare import compare
from benchmark.comparison.page import page_text, write_page, write_published_page
from benchmark.comparison.page_data import compare_data
from benchmark.comparison.published import Published, beside
from benchmark.page.secure import source_hash
from tests.leaderboard.made_records import board_of, compared, make_record, measured, yardstick
from tests.page.made_pages import HANDLER, NAMES, SCRIPT, Page, hostile_board, hostile_records, save


def board(folder, far):
    rows = [compared(m, e, metrics={"distance_largest": measured(e, 0.9 * e, 1.1 * e)}) for m, e in far.items()]
    return board_of(folder, *yardstick(), *rows)


@pytest.fixture
def swapped(tmp_path):
    a = board(tmp_path / "a", {"npo": 1.0, "rkld": 2.0, "dpo": 3.0})
    return compare(a, board(tmp_path / "b", {"npo": 3.0, "rkld": 2.1, "dpo": 1.0}), ("first", "second"))


@pytest.fixture(scope="module")
def hostile(tmp_path_factory):
    """Two boards of hostile names, reasons and settings, under hostile names of their own."""
    folder = tmp_path_factory.mktemp("hostile")
    other = [
        r.model_copy(update={"config": r.config | {"method": {"x": f"{SCRIPT}{HANDLER}"}}}) for r in hostile_records()
    ]
    save(folder / "b", other)
    boards = hostile_board(folder / "a"), hostile_board(folder / "c")
    for record in boards[1].records:
        record.config["training"] = {"lr": SCRIPT}
    return compare(*boards, (f"a{SCRIPT}", f"b{HANDLER}"))


def test_findings_and_differences_are_there_without_a_script(swapped):
    page = Page(page_text(swapped))
    for text in ("Kendall's tau-b of 3 methods by distance: -1.00", "2 of 3", "beyond what tests over authors leave open: npo, dpo.",
                 "1.00 → 3.00: ×3.00 [", "1 → 3 (1; 3; apart)", "first", "second"):  # fmt: skip
        assert text in page.text, text
    ids = {row["id"] for row in page.data["rows"]}
    assert ids <= {(about.get("href") or "")[1:] for tag, about in page.elements if tag == "a"}


def test_cells_say_what_excludes_no_difference(swapped):
    data = compare_data(swapped)
    cells = {row["method"]: row["cells"] for row in data["rows"]}
    gap = next(row for row in swapped.rows if row.a.method == "npo").differences["distance_largest"]
    text, value, low, high, covers, _, told = cells["npo"]["distance_largest"]
    assert (text, value, told) == ("×3.00", pytest.approx(gap.value), True) and low > 1
    assert (low, high) == (pytest.approx(gap.low, rel=1e-4), pytest.approx(gap.high, rel=1e-4))
    assert data["covers"][covers] == "what both boards' own intervals are over, unpaired"
    assert cells["npo"]["a:distance_largest"][:2] == ["1.00", 1.0] and cells["npo"]["b:distance_largest"][:2] == [
        "3.00",
        3.0,
    ]
    assert {m: (c["rank"][0], c["rank"][6]) for m, c in cells.items() if "rank" in c} == {
        "npo": ("1 → 3", True), "rkld": ("2 → 2", False), "dpo": ("3 → 1", True),
    }  # fmt: skip
    assert [(row["method"], row["apart"]) for row in data["orders"][0]["rows"]] == [
        ("npo", True),
        ("rkld", False),
        ("dpo", True),
    ]
    nones = {column["name"]: column.get("none") for column in data["columns"]}
    assert nones["distance_largest"] == 1 and nones["a:distance_largest"] is None


def test_a_number_on_one_board_only_is_shown_as_unknown(tmp_path):
    one = board_of(tmp_path / "a", make_record("npo", quality=(0.5, None, None), utility=(0.5, 0.4, 0.6)))
    two = board_of(tmp_path / "b", make_record("npo", quality=(0.05, None, None)))
    (row,) = compare_data(compare(one, two, ("a", "b")))["rows"]
    assert row["cells"]["forget_quality"][:2] == ["-1.0", -1.0] and "model_utility" not in row["cells"]


def check_is_text(text, *shown):
    page = Page(text)
    assert [tag for tag, _ in page.elements if tag in ("img", "iframe", "b")] == []
    assert not [n for _, attributes in page.elements for n in attributes if n.startswith("on") or n == "style"]
    policy = next(a["content"] for tag, a in page.elements if "Content" in (a.get("http-equiv") or ""))
    scripts = [own for about, own in page.inside if about["tag"] == "script" and "type" not in about]
    assert f"script-src {source_hash(scripts[0]) if scripts else chr(39) + 'none' + chr(39)};" in policy
    assert not any("innerHTML" in script or "eval" in script for script in scripts)
    assert all(name in page.text for name in shown)
    for tag, attributes in page.elements:
        assert tag not in ("script", "link", "img") or not (attributes.get("src") or "")
    return page


def test_names_and_settings_are_text(hostile, tmp_path):
    page = check_is_text(write_page(tmp_path, hostile).read_text(encoding="utf-8"), SCRIPT, HANDLER, *NAMES)
    assert len([tag for tag, _ in page.elements if tag == "script"]) == 2
    assert any(SCRIPT in mark for row in page.data["rows"] for mark in row["marks"])


def test_published_numbers_are_text(hostile, tmp_path):
    lines = [
        Published(SCRIPT, HANDLER, "forget10", NAMES[2], 0.1, None, SCRIPT),
        Published("paper", "m", SCRIPT, "x", None, 1.0),
    ]
    made = beside(hostile.a, lines, SCRIPT, HANDLER)
    page = check_is_text(write_published_page(tmp_path, made).read_text(encoding="utf-8"), SCRIPT, HANDLER)
    assert [tag for tag, _ in page.elements if tag == "script"] == [] and "this board\n" not in page.text
    assert "0.10" in page.text and "–" in page.text
