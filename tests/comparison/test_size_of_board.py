"""How many pairs a thinned board tells apart, on records whose answer is known."""

import numpy as np
import pytest

from benchmark.common.errors import UserError
from benchmark.comparison.size_of_board import report, share_told_apart, thinned
from tests.conftest import ROOT
from tests.leaderboard.made_records import board_of, compared, make_record, yardstick


def test_a_draw_has_the_authors_and_rows_asked_for():
    authors = np.repeat(np.arange(9), [4] * 8 + [1])  # the last has one row, too few for two
    for seed in range(20):
        kept = thinned(authors, 8, 2, np.random.default_rng(seed))
        numbers, sizes = np.unique(authors[kept], return_counts=True)
        assert numbers.tolist() == list(range(8)) and set(sizes) == {2}
        assert len(set(kept.tolist())) == 16 and kept.tolist() == sorted(kept)


def test_only_the_rows_kept_count():
    """Two methods alike on the first authors, different on the others."""
    authors = np.repeat(np.arange(16), 2)
    retrained = np.array([-1.0, 0.0, 1.0])[:, None, None] * np.ones((1, 1, 32))
    far = np.where(np.arange(32) < 16, 1.0, 5.0)[None, None]
    candidates = {"near": np.ones((1, 1, 32)), "far": far}
    assert share_told_apart(candidates, retrained, authors, np.arange(16)) == 0
    assert share_told_apart(candidates, retrained, authors, np.arange(16, 32)) == 1
    assert np.isnan(share_told_apart({"one": far}, retrained, authors, np.arange(32)))


def test_the_table_of_a_board(tmp_path):
    runs = [compared("near", 1.0), compared("close", 1.0), compared("far", 5.0)]
    board_of(tmp_path, *yardstick(), *runs)
    text = report(tmp_path)
    assert "forget10, 3 methods; all 40 rows of 20 authors tell 67 % of pairs apart" in text
    assert [line for line in text.splitlines() if line.startswith("| 6 ")] == ["| 6 | 67 |"]
    assert "| authors | 2 rows of each, % |" in text and "| 20 | 67 |" in text and "| 40 |" not in text


def test_boards_that_cannot_be_thinned_are_refused(tmp_path):
    board_of(tmp_path / "few", *yardstick(), compared("a", 1.0, authors=20))
    with pytest.raises(UserError, match="has no split forget05; it has forget10"):
        report(tmp_path / "few", "forget05")
    board_of(tmp_path / "none", make_record("a"))
    with pytest.raises(UserError, match="no methods on forget10 that were compared with the same retrained models"):
        report(tmp_path / "none")
    with pytest.raises(UserError, match="has 4 forget authors on forget10; tests need 6 or more"):
        report(ROOT / "results" / "published" / "quick")
