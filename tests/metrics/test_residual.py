"""Residual, dose and verdict against their definitions, and what they promise of data whose truth is known."""

import math

import numpy as np
import pytest
from scipy import stats

from metrics.calibration.dose import OVER, DoseCurve, dose
from metrics.calibration.p_retrained import RetrainedTest
from metrics.calibration.residual import Residual, residual
from metrics.calibration.verdict import calibrate, verdict
from tests.metrics.retrained_models import AUTHORS, ROWS, models


def linear(left, retrained, added=2.0):
    """A candidate with the share ``left`` of what the fine-tuned model has on every row."""
    center = retrained.mean(axis=0)
    return center + left * added, center + added


@pytest.mark.parametrize("left", [-0.5, 0.0, 0.3, 1.0])
def test_residual_is_the_share_that_is_left(left):
    z = models(5)
    candidate, finetuned = linear(left, z)
    noise = 0.1 * np.random.default_rng(0).standard_normal(ROWS)
    made = residual(candidate + noise - noise.mean(), z, finetuned, AUTHORS)
    assert made.value == pytest.approx(left)
    assert made.low < left < made.high
    s = z.mean(axis=1).std(ddof=1)
    assert made.se_models == pytest.approx(s * math.sqrt(1 + (1 - left) ** 2 / 5) / 2)
    half = math.hypot(stats.t.ppf(0.975, 3) * made.se_authors, stats.t.ppf(0.975, 4) * made.se_models)
    assert made.high - made.value == pytest.approx(half)


@pytest.mark.parametrize(("number", "shift"), [(3, 0.5), (5, 0.0), (9, 1.0)])
def test_the_interval_of_held_out_retrained_models_holds_zero(number, shift):
    holds = []
    for seed in range(400):
        pool = models(1 + number, seed, shift=shift)
        made = residual(pool[0], pool[1:], pool[1:].mean(axis=0) + 50, AUTHORS)
        holds.append(made.low <= 0 <= made.high)
    assert np.mean(holds) >= 0.93


@pytest.mark.parametrize(
    ("number", "added", "authors", "undefined", "interval"),
    [
        (1, 2.0, AUTHORS, "one retrained model", "one retrained model"),
        (5, 0.0, AUTHORS, "the fine-tuned model's mean is like a retrained model's", None),
        (5, np.inf, AUTHORS, "infinite mean", None),
        (5, 2.0, AUTHORS % 3, "", "none: fewer than 4 authors"),
    ],
)
def test_a_residual_that_cannot_be(number, added, authors, undefined, interval):
    z = models(number)
    made = residual(z.mean(axis=0) + 0.1, z, z.mean(axis=0) + added, authors)
    assert made.undefined == undefined and (made.value is None) == bool(undefined)
    assert made.low is None and made.interval == (interval or undefined)


CURVE = DoseCurve.fit({0.05: [0.2], 0.25: [0.5, 0.7], 0.5: [0.4]})


def test_a_falling_dose_curve_is_levelled():
    assert CURVE.shares == (0, 0.05, 0.25, 0.5, 1)
    assert CURVE.residuals == pytest.approx((0, 0.2, 1.6 / 3, 1.6 / 3, 1))  # .25 has two models, .5 one


@pytest.mark.parametrize(
    ("left", "share"),
    [(-1, 0), (0, 0), (0.1, 0.025), (0.2, 0.05), (1.6 / 3, 0.375), (0.6, 4 / 7), (1, 1), (3, 1)],
)
def test_the_share_with_that_residual(left, share):
    assert CURVE.share(left) == pytest.approx(share, abs=1e-9)


@pytest.mark.parametrize("residuals", [{}, {0.0: [0.1]}, {1.0: [0.9]}, {0.1: []}, {0.1: [math.nan]}])
def test_no_dose_curve_from_these(residuals):
    with pytest.raises(ValueError, match="dose models"):
        DoseCurve.fit(residuals)


@pytest.mark.parametrize(
    ("value", "low", "high", "share", "label"),
    [
        (-0.3, -0.4, -0.2, None, OVER),
        (-0.1, -0.3, 0.1, 0, ""),
        (-0.1, None, None, None, OVER),
        (0.1, None, None, 0.025, ""),
        (None, None, None, None, "why"),
    ],
)
def test_dose_of_a_residual(value, low, high, share, label):
    made = dose(Residual(value, low, high, None, None, 5, ROWS, undefined="" if value else "why"), CURVE)
    assert made.share == (share if share is None else pytest.approx(share)) and made.label == label
    assert (made.low is None) == (low is None)


def test_no_dose_without_models():
    assert dose(Residual(0.5, None, None, None, None, 5, ROWS), None).label == "no dose models"


def with_p(p):
    return RetrainedTest(p, "t", 5, ROWS, undefined="" if p is not None else "why")


@pytest.mark.parametrize(
    ("p", "finetuned", "controls", "says"),
    [
        (0.2, 0.001, [0.01], "indistinguishable"),
        (0.05, 0.001, [0.01], "distinguishable"),
        (0.01, None, [], "distinguishable"),
        (0.2, 0.06, [0.01], "no power"),
        (0.2, 0.001, [0.01, 0.06], "no power"),
        (0.2, 0.001, [None], "no power"),
        (0.2, 0.001, [], "no power: no dose control"),
        (0.2, None, [0.01], "no power: no fine-tuned model"),
        (None, 0.001, [0.01], "undefined: why"),
    ],
)
def test_the_verdict_needs_power(p, finetuned, controls, says):
    assert verdict(with_p(p), None if finetuned is None else with_p(finetuned), [with_p(c) for c in controls]) == says


def test_all_of_a_model_on_the_rows_that_all_define():
    pool = models(7)
    z, finetuned = pool[2:], pool[1] + 8
    doses = {0.1: np.array([pool[1] + 1.5, pool[1] + 2]), 0.5: pool[1] + 6}
    doses[0.5][0] = np.nan
    made = calibrate(pool[0], z, AUTHORS, finetuned, doses)
    assert made.verdict == "indistinguishable"
    assert {made.distance.rows, made.test.rows, made.residual.rows} == {ROWS - 1}
    assert made.residual.low < 0 < made.residual.high and made.dose.share < 0.1
    half = calibrate(pool[0] + 6, z, AUTHORS, finetuned, doses)
    assert half.verdict == "distinguishable" and half.dose.share == pytest.approx(0.5, abs=0.1)
    assert half.distance.value > 4 > made.distance.value
    without = calibrate(pool[0], z, AUTHORS)
    assert without.verdict == "no power: no fine-tuned model"
    assert without.residual.value is without.dose.share is None
