"""The board's page as text: what is in it without a script, and that nothing in it is more than text."""

import json
import shutil

import pytest

from benchmark.leaderboard.build import build
from benchmark.page.board_page import page_data, page_text, write_page
from benchmark.page.secure import json_block, source_hash
from tests.conftest import ROOT
from tests.leaderboard.made_records import board_of, make_record
from tests.page.made_pages import NAMES, SCRIPT, Page, hostile_board

PUBLISHED = ROOT / "results" / "published"
BOARDS = sorted(path.parent.name for path in PUBLISHED.glob("*/leaderboard.json"))


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The hostile board with the text of its page."""
    folder = tmp_path_factory.mktemp("hostile")
    board = hostile_board(folder)
    return board, write_page(folder, board).read_text(encoding="utf-8")


def test_names_and_reasons_are_text(made):
    _, text = made
    page = Page(text)
    assert [tag for tag, _ in page.elements if tag in ("script", "style", "img", "iframe", "b")] == [
        "style",
        "script",
        "script",
    ]
    assert not [
        name for _, attributes in page.elements for name in attributes if name.startswith("on") or name == "style"
    ]
    assert all(name in page.text for name in NAMES)


def test_the_policy_holds_for_the_scripts_that_are_there(made):
    page = Page(made[1])
    policy = next(
        a["content"] for tag, a in page.elements if tag == "meta" and "Content" in (a.get("http-equiv") or "")
    )
    scripts = [text for about, text in page.inside if about["tag"] == "script" and "type" not in about]
    styles = [text for about, text in page.inside if about["tag"] == "style"]
    assert len(scripts) == len(styles) == 1
    assert f"script-src {source_hash(scripts[0])};" in policy and f"style-src {source_hash(styles[0])};" in policy
    assert "innerHTML" not in scripts[0] and "eval" not in scripts[0]


def test_nothing_is_loaded_from_elsewhere(made):
    for tag, attributes in Page(made[1]).elements:
        for name in ("src", "href"):
            address = attributes.get(name) or ""
            assert not (tag in ("script", "link", "img") and address and not address.startswith("data:"))
            assert "://" not in address or tag == "a"


def test_the_data_are_those_of_the_board(made):
    board, text = made
    data = Page(text).data
    assert [row["method"] for row in data["rows"]] == [entry.method for entry in board.rows]
    for row, entry in zip(data["rows"], board.rows, strict=True):
        assert row["cells"].get("distance_largest", [None, None])[1] == entry.value("distance_largest")
    assert len({row["id"] for row in data["rows"]}) == len(data["rows"])
    assert any(SCRIPT in reason for row in data["rows"] for reason in row["detail"]["reasons"])


def test_the_headline_table_and_the_picture_are_there_without_a_script(made):
    board, text = made
    page = Page(text)
    ids = {row["id"] for row in page.data["rows"]}
    links = [attributes.get("href") for tag, attributes in page.elements if tag == "a"]
    assert all(f"#{row_id}" in links for row_id in ids)
    points = [
        attributes["href"]
        for tag, attributes in page.elements
        if tag == "a" and "point" in (attributes.get("class") or "")
    ]
    assert len(points) == sum(entry.value("distance_largest") is not None for entry in board.rows)
    assert page.text.count("[1.60, 2.60]") >= 1  # the interval of the first method's distance


def test_headings_are_in_order(made):
    levels = [int(tag[1]) for tag, _ in Page(made[1]).elements if tag in ("h1", "h2", "h3")]
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(after - before <= 1 for before, after in zip(levels, levels[1:], strict=False))


@pytest.mark.parametrize("name", BOARDS)
def test_every_published_board_has_a_page(name, tmp_path):
    shutil.copytree(PUBLISHED / name / "records", tmp_path / "records", ignore=shutil.ignore_patterns("*.parquet"))
    board = build(tmp_path, name=name)
    data = page_data(board)
    text = page_text(board, data)
    assert len(text.encode()) < 1_500_000
    assert Page(text).data == json.loads(json_block(data))


def test_a_method_on_two_splits_is_one_method(tmp_path):
    board = board_of(tmp_path, make_record("npo"), make_record("npo", key="b", split="forget05"))
    assert "1 method · forget05, forget10" in page_text(board, page_data(board))
