"""The verdicts on claims b to f."""

import numpy as np
import pytest
from scipy.stats import ks_2samp

from benchmark.rkld_claims.comparisons import MARGIN
from tests.rkld_claims.claims_fixtures import COMMON, NOISE, RETRAINED, finding, references, save


def test_best_of_those_that_keep_the_utility(tmp_path):
    references(tmp_path)  # utility 9 / (8 + 1 / 0.8) = 0.973: 90 % is 0.876
    save(tmp_path, "rkld", shift=1, level=0.6)  # 0.93
    save(tmp_path, "npo", level=0.2)  # 0.69, and the better forget quality
    save(tmp_path, "dpo", shift=4)
    save(tmp_path, "rmu")
    outcome = finding(tmp_path, "b")
    own, *pairs = outcome.comparisons
    assert outcome.verdict == "reproduced" and [c.other for c in pairs] == ["dpo", "rmu"]
    assert pairs[1].reading == "against the paper; not counted: no baseline of the paper"
    assert "not of the paper's baselines: rmu" in outcome.notes[-1]
    values = [9 / (8 + 1 / (x * np.mean(1 + 0.1 * np.cos(np.arange(12))))) for x in (0.6, 0.8)]
    assert own.numbers[MARGIN].difference == pytest.approx(values[0] - 0.9 * values[1])
    assert f"RKLD keeps {100 * values[0] / values[1]:.1f} %" in outcome.because
    save(tmp_path, "rkld", shift=1, level=0.2)
    assert finding(tmp_path, "b").verdict == "not reproduced"


@pytest.mark.parametrize(
    ("shift", "p", "verdict"),
    [(3, 0.2, "reproduced"), (3, 0.0, "undecided"), (3, -0.05, "not reproduced"), (0, 0.2, "undecided")],
)
def test_forward_kl(tmp_path, shift, p, verdict):
    references(tmp_path)
    save(tmp_path, "rkld")
    save(tmp_path, "fkl", shift=shift, p=COMMON + p * np.linspace(0.5, 1.5, 16))
    outcome = finding(tmp_path, "c")
    assert outcome.verdict == verdict
    pair = outcome.comparisons[0]
    assert (pair.row, pair.other) == ("fkl", "rkld")
    assert pair.numbers["forget_probability"].difference == pytest.approx(p, abs=1e-6)


def alphas(folder, shifts):
    references(folder)
    for alpha, shift in shifts.items():
        save(folder, "rkld" if alpha == 8 else f"rkld@alpha={alpha}", shift=shift, alpha=float(alpha))


def test_alphas_in_order_and_compared(tmp_path):
    alphas(tmp_path, {12: 0, 8: 0.05, 4: 1.5, 2: 2.5, 1: 3})
    save(tmp_path, "rkld@alpha=12@retain=rt", alpha=12.0)  # not alpha alone: another method
    save(tmp_path, "npo", shift=5)
    outcome = finding(tmp_path, "d")
    alone = [c for c in outcome.comparisons if not c.other]
    assert [(c.row, c.reading) for c in alone] == [
        ("rkld@alpha=1", "alpha 1"), ("rkld@alpha=2", "alpha 2"), ("rkld@alpha=4", "alpha 4"), ("rkld", "alpha 8"),
        ("rkld@alpha=12", "alpha 12"),
    ]  # fmt: skip
    number = alone[0].numbers["ks_statistic"]
    assert number.value == ks_2samp(RETRAINED + NOISE + 3, RETRAINED).statistic
    assert number.difference is None
    pairs = {(c.row, c.other) for c in outcome.comparisons if c.other}
    assert {("rkld@alpha=4", "npo"), ("rkld", "npo"), ("rkld@alpha=12", "npo")} <= pairs
    assert ("rkld@alpha=2", "npo") not in pairs and ("rkld@alpha=12", "rkld@alpha=4") in pairs
    assert outcome.verdict == "reproduced"


@pytest.mark.parametrize(
    ("shifts", "npo", "verdict"),
    [
        ({12: 2, 8: 2, 2: 0}, 5, "not reproduced"),  # alpha 2 beats those above 5
        ({12: 0, 8: 2, 2: 1}, 5, "undecided"),  # it beats only one of them
        ({12: 0, 8: 0, 2: 2}, 0, "undecided"),  # a baseline as good
        ({12: 2, 8: 2, 2: 4}, 0, "not reproduced"),  # a baseline better than 8 and 12
        ({12: 0, 8: 0}, 5, "undecided"),  # nothing below 5 to compare with
    ],
)
def test_verdicts_on_alpha(tmp_path, shifts, npo, verdict):
    alphas(tmp_path, shifts)
    save(tmp_path, "npo", shift=npo)
    assert finding(tmp_path, "d").verdict == verdict


@pytest.mark.parametrize(
    ("shift", "level", "verdict"),
    [(3, 0.8, "reproduced"), (-0.2, 0.2, "reproduced"), (0, 0.8, "undecided"), (0.0, 0.44, "undecided")],
)
def test_gradient_ascent_trades(tmp_path, shift, level, verdict):
    references(tmp_path)
    save(tmp_path, "rkld")
    save(tmp_path, "grad_diff", shift=shift, level=level)
    assert finding(tmp_path, "e").verdict == verdict


def test_gradient_ascent_that_has_both_is_against_the_paper(tmp_path):
    references(tmp_path)
    save(tmp_path, "rkld", shift=3)
    save(tmp_path, "ga+kl")
    outcome = finding(tmp_path, "e")
    assert outcome.verdict == "not reproduced"
    assert outcome.notes == ["not on this board: grad_ascent, grad_diff"]
    # Against it both are needed: the less sure of the two decides.
    (pair,) = outcome.comparisons
    assert pair.outcome.p == max(part.p for part in pair.parts)


def test_gradient_ascent_has_two_chances_to_fall_short_and_pays_for_both(tmp_path):
    references(tmp_path)
    save(tmp_path, "rkld")
    save(tmp_path, "grad_diff", shift=0.35)  # p of the distance alone: 2 / 2^6, as in test_claims
    outcome = finding(tmp_path, "e")
    (pair,) = outcome.comparisons
    assert [part.side for part in pair.parts] == [1, -1]
    assert pair.parts[0].p <= 0.05 < pair.outcome.p == 2 * pair.parts[0].p
    assert outcome.verdict == "undecided"


@pytest.mark.parametrize(("last", "verdict"), [(5, "reproduced"), (-0.1, "undecided"), (None, "not run")])
def test_growing_forget_sets(tmp_path, last, verdict):
    for split, shift in (("forget05", 4), ("forget10", last)):
        if shift is not None:
            references(tmp_path, split)
            save(tmp_path, "rkld", split=split)
            save(tmp_path, "npo", shift=shift, split=split)
    outcome = finding(tmp_path, "f", "all")
    assert outcome.verdict == verdict
    if last == 5:
        assert [c.split for c in outcome.comparisons] == ["forget05", "forget10"]
        assert "forget10: RKLD is number 1 of 2 by D" in outcome.because
