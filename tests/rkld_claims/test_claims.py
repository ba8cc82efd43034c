"""Comparisons and their tests; the numbers are worked out here again."""

import csv
import io
import itertools
import math

import numpy as np
import pytest
from scipy.stats import ks_2samp, ttest_1samp

from benchmark.rkld_claims import write_claims
from benchmark.rkld_claims.author_values import DISTANCE
from benchmark.rkld_claims.samples import LOG_QUALITY, Seed
from tests.leaderboard.made_records import CONFIG
from tests.rkld_claims.claims_fixtures import (
    AUTHORS,
    BASELINES,
    COMMON,
    NOISE,
    RETRAINED,
    distances,
    finding,
    references,
    save,
    save_run,
    verdicts,
)

SIGNS = np.array(list(itertools.product((-1, 1), repeat=8)))


def test_rkld_closer_than_each_baseline_is_reproduced(tmp_path):
    references(tmp_path)
    save(tmp_path, "rkld")
    for i, name in enumerate(BASELINES):
        save(tmp_path, name, shift=2 + 0.2 * i)
    outcome = finding(tmp_path, "a")
    assert outcome.verdict == "reproduced" and [c.other for c in outcome.comparisons] == BASELINES
    pair = outcome.comparisons[3]
    by_author = distances(0) - distances(2.6)
    number = pair.numbers[DISTANCE]
    assert (number.value, number.other) == pytest.approx((distances(0).mean(), distances(2.6).mean()))
    assert number.difference == pytest.approx(by_author.mean()) and number.below == 8
    limits = ttest_1samp(by_author, 0).confidence_interval(0.95)
    assert (number.low, number.high) == pytest.approx((limits.low, limits.high))
    # The board's numbers are shown and not tested.
    ours, theirs = (ks_2samp(RETRAINED + NOISE + shift, RETRAINED) for shift in (0, 2.6))
    quality = pair.numbers[LOG_QUALITY]
    assert (quality.value, quality.other) == pytest.approx((math.log10(ours.pvalue), math.log10(theirs.pvalue)))
    assert quality.difference == pytest.approx(math.log10(ours.pvalue / theirs.pvalue)) and quality.low is None
    assert pair.numbers["ks_statistic"].difference == pytest.approx(ours.statistic - theirs.statistic)
    assert verdicts(tmp_path)["b", "forget10"] == "reproduced"


def test_holm_over_the_comparisons_of_a_claim(tmp_path):
    references(tmp_path)
    save(tmp_path, "rkld")
    shifts = {"grad_ascent": 0.2, "npo": 0.3, "dpo": 0.4, "idk": 1}
    for name, shift in shifts.items():
        save(tmp_path, name, shift=shift)
    pairs = finding(tmp_path, "a").comparisons
    # Eight authors' signs reach 2 / 2^8 = 0.0078, less than 0.05 / 4.
    differences = [distances(0) - distances(shift) for shift in shifts.values()]
    p = [np.mean(np.abs(SIGNS @ d) >= abs(d.sum()) - 1e-4) for d in differences]
    assert {pair.test for pair in pairs} == {"sign flips"} and [pair.outcome.p for pair in pairs] == pytest.approx(p)
    order, largest = np.argsort(p), 0.0
    for place, i in enumerate(order):
        largest = max(largest, (4 - place) * p[i])
        assert pairs[i].adjusted == pytest.approx(min(largest, 1))
    # By itself npo's p would do (2 / 2^6); together with the others it does not.
    assert [pair.other for pair in pairs if pair.outcome.p <= 0.05 < pair.adjusted] == ["npo"]
    assert [pair.reading for pair in pairs] == ["undecided", "undecided", "as in the paper", "as in the paper"]


def test_a_t_test_where_signs_cannot_reach_the_level(tmp_path):
    references(tmp_path)
    save(tmp_path, "rkld")
    for name in BASELINES:
        save(tmp_path, name, shift=2)
    pair = finding(tmp_path, "a").comparisons[0]
    p = ttest_1samp(distances(0) - distances(2), 0).pvalue
    assert (pair.test, pair.outcome.p) == ("t tests", pytest.approx(p))  # 2 / 2^8 > 0.05 / 11
    assert pair.adjusted == pytest.approx(11 * p)


def test_one_better_baseline_is_enough_against_it(tmp_path):
    references(tmp_path)
    save(tmp_path, "rkld", shift=1)
    save(tmp_path, "npo", shift=4)
    save(tmp_path, "dpo")
    outcome = finding(tmp_path, "a")
    assert outcome.verdict == "not reproduced"
    assert [c.reading for c in outcome.comparisons] == ["as in the paper", "against the paper"]
    assert outcome.comparisons[1].numbers[DISTANCE].below == 0
    assert "1 against the paper (dpo)" in outcome.because
    assert "not on this board: grad_ascent, grad_diff, ga+kl, npo+rt" in outcome.notes[0]


def test_equal_rows_differ_in_no_author(tmp_path):
    references(tmp_path)
    for name in ("rkld", "npo"):
        save(tmp_path, name)
    outcome = finding(tmp_path, "a")
    assert outcome.verdict == "undecided" and outcome.comparisons[0].outcome.p == 1
    for number in outcome.comparisons[0].numbers.values():
        assert (number.difference, number.low, number.high) == (0, None, None)


def test_every_fine_tuned_models_runs_are_paired_and_averaged(tmp_path):
    references(tmp_path)
    for tuning in (0, 1):
        how = {"config": CONFIG | {"finetuning_seed": tuning}}
        for seed in (0, 1):
            save_run(tmp_path, "rkld", seed, shift=2 * tuning, key=f"r{seed}{tuning}", **how)
            save_run(tmp_path, "npo", seed, key=f"n{seed}{tuning}", **how)
    pair = finding(tmp_path, "a").comparisons[0]
    assert pair.seeds == (Seed(0, 0), Seed(0, 1), Seed(1, 0), Seed(1, 1))
    assert pair.numbers[DISTANCE].differences == pytest.approx((distances(2) - distances(0)) / 2, abs=1e-5)
    page, table = (path.read_text() for path in write_claims(tmp_path, [finding(tmp_path, "a")]))
    assert "2 seeds of unlearning on 2 fine-tuned models." in page
    assert {line["seeds"] for line in csv.DictReader(io.StringIO(table))} == {"0/0 0/1 1/0 1/1"}


def test_seeds_are_paired_and_averaged(tmp_path):
    higher = COMMON + 0.4 * (AUTHORS == 3)
    references(tmp_path)
    for seed in (0, 1):
        save_run(tmp_path, "rkld", seed, shift=seed)
        save_run(tmp_path, "npo", seed, p=higher if seed else COMMON)
    save_run(tmp_path, "npo", 2, p=COMMON + 0.5)  # no such seed of rkld: left out
    save_run(tmp_path, "rkld", 3, p=COMMON + 0.5)
    pair = finding(tmp_path, "a").comparisons[0]
    number = pair.numbers["forget_probability"]
    assert pair.seeds == (Seed(0), Seed(1))
    # One author of eight is 0.4 higher under one seed of two.
    assert number.differences == pytest.approx(-0.2 * (np.arange(8) == 3), abs=1e-6)
    assert number.difference == pytest.approx(-0.025, abs=1e-6)
    assert pair.numbers[DISTANCE].differences == pytest.approx((distances(1) - distances(0)) / 2, abs=1e-5)
    # The p-values' geometric mean, 10 to the mean of their logarithms.
    p = [ks_2samp(RETRAINED + NOISE + shift, RETRAINED).pvalue for shift in (0, 1)]
    assert 10 ** pair.numbers[LOG_QUALITY].value == pytest.approx(math.sqrt(math.prod(p)))
    save(tmp_path, "dpo", seeds=[1])
    text = write_claims(tmp_path, [finding(tmp_path, "a")])[0].read_text()
    assert "forget10, of 2 seeds 1 only: rkld − dpo" in text and "2 seeds of unlearning" in text
    assert f"| rkld − npo | {math.sqrt(math.prod(p)):.2f}, {p[0]:.2f} |" in text


def test_the_distance_is_from_all_retrained_models_that_a_record_names(tmp_path):
    other = "retrained-forget10-1-1"
    references(tmp_path)
    save(tmp_path, "retrained", seeds=[1], shift=1)
    both = {"retrained": ["retrained-forget10-0-1", other]}
    save(tmp_path, "rkld", compared_with=both)
    save(tmp_path, "npo", shift=2, compared_with=both)
    save(tmp_path, "dpo", shift=2)
    npo, dpo = finding(tmp_path, "a").comparisons
    by_row = (np.abs(NOISE) + np.abs(NOISE - 1)) / 2
    assert npo.numbers[DISTANCE].value == pytest.approx(by_row.mean())
    assert npo.reading == "as in the paper"
    assert dpo.reading == "undecided" and dpo.outcome is None
    assert dpo.numbers[DISTANCE].why == "not compared with the same retrained models"
