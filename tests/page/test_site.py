import shutil

import pytest
from typer.testing import CliRunner

from benchmark.cli.app import app
from benchmark.common.errors import UserError
from benchmark.page.site import write_site
from benchmark.records.reproduction import FILE
from tests.conftest import ROOT
from tests.leaderboard import made_records
from tests.leaderboard.made_records import board_of
from tests.leaderboard.test_publish import make_record, save
from tests.page.made_pages import SCRIPT, Page

SMALL = ROOT / "results" / "published" / "smollm2-mini"


@pytest.fixture
def root(tmp_path):
    """A published board, one of a single row with a bad name, and a sweep."""
    shutil.copytree(SMALL, tmp_path / "smollm2-mini", ignore=shutil.ignore_patterns("*.parquet", "*.html"))
    board_of(tmp_path / "other", made_records.make_record("npo", quality=(0.5, None, None), config={"method": {"x": "y"}}),
             made_records.make_record("npo", day=2, quality=(0.6, None, None), config={"method": {"x": SCRIPT}}))  # fmt: skip
    board_of(tmp_path / "other-sweep", made_records.make_record("npo", quality=(0.5, None, None)))
    (tmp_path / "other-sweep" / "sweep.csv").write_text("method\n")
    return tmp_path


def test_the_index_leads_to_every_board(root):
    page = Page(write_site(root).read_text(encoding="utf-8"))
    links = {attributes.get("href") for tag, attributes in page.elements if tag == "a"}
    assert {"smollm2-mini/leaderboard.html", "other/leaderboard.html", "other-sweep/sweep.csv"} <= links
    assert "other-sweep/leaderboard.html" not in links
    assert all((root / link).is_file() for link in links)
    assert [tag for tag, _ in page.elements if tag == "script"] == [] and SCRIPT in page.text
    assert "script-src 'none'" in next(a["content"] for _, a in page.elements if "http-equiv" in a)


def test_the_command_writes_index_and_pages(root):
    done = CliRunner().invoke(app, ["site", str(root)])
    assert done.exit_code == 0, done.output
    assert f"written: {root / 'index.html'}" in done.output.replace("\n", "") and "leaderboard.html" in done.output


def test_a_folder_without_boards_is_refused(tmp_path):
    with pytest.raises(UserError, match="publish one"):
        write_site(tmp_path)


def test_boards_with_scores_are_measured_again_where_that_is_asked(tmp_path):
    save(tmp_path / "scored", forged := make_record("npo"))
    write_site(tmp_path)
    assert not (tmp_path / "scored" / FILE).exists()
    write_site(tmp_path, reproduced=True)
    assert "reproduced" in Page((tmp_path / "scored" / "leaderboard.html").read_text(encoding="utf-8")).text
    save(tmp_path / "forged", forged.model_copy(update={"metrics": {"forget_probability": {"value": 0.9, "n": 2}}}))
    with pytest.raises(UserError, match="forget_probability is 0.9; its scores give"):
        write_site(tmp_path, reproduced=True)
