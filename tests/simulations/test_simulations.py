"""The simulations: their made-up data are what they say, their bootstrap is one, and the command writes what it prints."""

import numpy as np
import pytest
from scipy.stats import ks_2samp, norm

from benchmark.simulations import coverage, yardstick
from benchmark.simulations.__main__ import main, names
from benchmark.simulations._authors import auc_of_shift, codes, hits, ks_of_shift, normals, shares
from benchmark.simulations._bootstrap import counts, limits, resampled_aucs, resampled_ks, resampled_means
from benchmark.simulations._models import NOISES
from benchmark.simulations.worst_attack import draw, wrong
from metrics._membership import Attack


@pytest.mark.parametrize("correlation", [0.0, 0.3])
def test_rows_of_an_author_are_as_alike_as_told(correlation):
    z = normals(np.random.default_rng(0), 2, correlation, 20_000)[:, :, 0]
    alike = np.corrcoef(z[:, [0, 1, 20]].T)
    assert (alike[0, 1], alike[0, 2], z.std()) == pytest.approx((correlation, 0, 1), abs=0.03)
    assert shares(z, 0.7).mean() == pytest.approx(0.7, abs=0.01) and set(np.unique(hits(z, 0.3))) == {0, 1}
    assert hits(z, 0.3).mean() == pytest.approx(0.3, abs=0.01)


def test_true_values_are_those_of_many_rows():
    forget, holdout = np.random.default_rng(0).standard_normal((2, 4000)) + [[0], [1]]
    assert Attack(forget, holdout).auc() == pytest.approx(auc_of_shift(1), abs=0.02)
    assert ks_2samp(forget, holdout).statistic == pytest.approx(ks_of_shift(1), abs=0.03)
    assert auc_of_shift(0) == 0.5 and ks_of_shift(0) == 0


@pytest.mark.parametrize("noise", NOISES, ids=lambda noise: noise.name)
def test_noise_has_the_variance_it_says(noise):
    z, authors = noise.draw(np.random.default_rng(0), 4000, 4)
    assert len(authors) == z.shape[1] == 80 and authors.max() == 3
    assert np.median(z.std(axis=0)) == pytest.approx(1, abs=0.25)


def test_a_bootstrap_that_draws_every_author_once_gives_the_value():
    rng, once = np.random.default_rng(1), np.ones((1, 3))
    ours, theirs = rng.standard_normal((2, 60))
    wins = coverage._author_wins(ours, theirs, 3)
    assert resampled_aucs((once, once), wins) == pytest.approx([Attack(ours, theirs).auc()])
    assert resampled_ks(once, ours, theirs, codes(3)) == pytest.approx([ks_2samp(ours, theirs).statistic])
    assert resampled_means(once, ours.reshape(3, 20).mean(axis=1)) == pytest.approx([ours.mean()])


def test_a_bootstrap_draws_whole_authors():
    twice = np.array([[2.0, 0.0, 1.0]])
    rows = np.random.default_rng(1).standard_normal((2, 60))
    drawn = np.concatenate([rows[:, :20], rows[:, :20], rows[:, 40:]], axis=1)
    assert resampled_ks(twice, *rows, codes(3)) == pytest.approx([ks_2samp(*drawn).statistic])
    wins = coverage._author_wins(*rows, 3)
    assert resampled_aucs((twice, twice), wins) == pytest.approx([Attack(*drawn).auc()])
    assert counts(np.random.default_rng(0), 4, 50).sum(axis=1).tolist() == [4] * 50


def test_a_tally_counts_what_holds():
    tally = coverage.Tally()
    for low, high in ((0.1, 0.6), (0.6, 0.9), (0.5, 0.7), (0.4, 0.5), (0.5, 0.5), (None, None)):
        tally.add(low, high, 0.5)
    assert (tally.made, tally.none, tally.coverage()) == (4, 2, 75.0)
    assert np.isnan(coverage.Tally().coverage())


def test_the_middle_95_percent():
    low, high = limits(np.arange(1001.0))
    assert (low, high) == pytest.approx((25, 975))


def test_tables_of_coverage():
    made = coverage.tables(20)
    assert [list(table.frame.columns[-3:]) for table in made] == [["4 authors", "8 authors", "20 authors"]] * 4
    assert [list(table.frame.columns[:-4]) for table in made[:2]] == [["values", "correlation"], ["AUC", "correlation"]]
    for table in made:
        assert table.frame[coverage.COLUMNS].stack().between(0, 100).all()
    assert {*made[0].frame["interval"]} == {"jackknife", "bootstrap", "no jackknife interval"}
    none = made[3].frame.query("D == '0.00'")[coverage.COLUMNS]
    assert (none == 0).all(axis=None)  # known in advance: D of drawn rows is above 0, so no interval holds 0
    assert [t.markdown() for t in coverage.tables(20)] == [t.markdown() for t in made]


def test_jackknives_cover_more_than_bootstraps_of_four_authors():
    made = coverage.means(150).query("values == 'shares around .7'").set_index(["correlation", "interval"])["4 authors"]
    for correlation in ("0", "0.1", "0.3"):
        assert made[correlation, "bootstrap"] < 88 < 90 < made[correlation, "jackknife"]


def test_tables_of_the_yardstick():
    made = yardstick.tables(4)
    sizes = [table.frame.shape for table in made]
    assert sizes[:2] == [(len(NOISES) * 3, 2 + 6), (len(NOISES) * 3, 2 + 5)]
    assert sizes[2:] == [(7, 5), (8, 2 + 6 + 1), (3 * 3 * 3, 3 + 4)]
    assert made[0].frame.iloc[:, 2:].stack().isin([0, 25, 50, 75, 100]).all()


def test_the_command_writes_what_is_asked_for(tmp_path, monkeypatch, capsys):
    assert names() == sorted(names()) and {"coverage", "yardstick"} <= set(names())
    monkeypatch.setattr(coverage, "tables", lambda: [coverage.Table("In %", coverage.ks(2)[["interval", "8 authors"]])])
    main(["coverage", "--out", str(tmp_path / "page.md")])
    text = (tmp_path / "page.md").read_text()
    assert text.startswith("**In %**\n\n| interval | 8 authors |\n| --- | ---: |\n| bootstrap | ")
    main(["coverage", "--out", str(tmp_path / "data.csv")])
    assert (tmp_path / "data-1.csv").read_text().startswith("interval,8 authors\nbootstrap,")
    with pytest.raises(SystemExit):
        main(["coverage", "--out", str(tmp_path / "page.txt")])
    assert "ends in .md or .csv" in capsys.readouterr().err


def test_the_jackknife_of_author_pairs_is_that_of_rows():
    """Authors' pairwise AUCs are data enough, as long as all authors have as many rows."""
    from benchmark.common.jackknife import jackknife

    forget, holdout = np.random.default_rng(2).standard_normal((2, 100)) + norm.ppf([[0.4], [0.6]])
    fast = coverage._auc_jackknife(coverage._author_wins(forget, holdout, 5))
    slow = jackknife(Attack(forget, holdout).auc_of, {"forget": codes(5), "holdout": codes(5)}, "logit")
    assert (fast.low, fast.high, fast.degrees) == pytest.approx((slow.low, slow.high, slow.degrees))


def test_the_worst_attack_of_rows_whose_attacks_are_alike_is_lifted_by_the_choice():
    board = draw(np.random.default_rng(0), 400, 10, 0.5)
    lifted, single = board[::2].mean(), board[1::2].mean()
    assert board.shape == (400, 10) and lifted > 0.2 > abs(single) * 5
    table = wrong(20)
    assert len(table) == 9 and (table["lift"] > 0).all() and table["15 rows"].between(0, 100).all()
