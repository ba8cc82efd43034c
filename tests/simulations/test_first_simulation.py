"""The simulation of P(first): its boards have the first place that they say, and what it counts moves as the truth does."""

import numpy as np
import pytest

from benchmark.simulations.first import ROWS, _boards, calibration


@pytest.mark.parametrize("se", [1e-6, 0.03])
def test_at_most_one_row_of_a_board_is_first_and_only_useful_ones_have_p_best(se):
    first, best, stated = (part.reshape(-1, ROWS) for part in _boards(se, 30))
    assert set(first.sum(axis=1)) <= {0, 1} and first.sum() > 25
    known = ~np.isnan(best)
    assert 0 < known.mean() < 1 and best[known].sum() == pytest.approx(known.any(axis=1).sum())
    assert (stated.sum(axis=1) <= 1 + 1e-9).all()
    if se < 0.01:  # who keeps enough is seen as it is
        assert stated[known] == pytest.approx(best[known]) and stated[~known].max() == 0


def test_what_is_stated_firmly_is_less_often_true_of_p_best_than_of_p_first(monkeypatch):
    monkeypatch.setattr("benchmark.simulations.first.ERRORS", (0.03,))
    made = calibration(60).query("stated in ('0.6 to 0.9', '0.9 to 1')")
    gap = (made["mean stated"] - made["is first"]) * made["number"].astype(int)
    gaps = gap.groupby(made["share"]).sum() / made.groupby("share")["number"].apply(lambda n: n.astype(int).sum())
    assert gaps["P(best)"] > 0.3 > gaps["P(first)"]
