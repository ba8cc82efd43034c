"""Comparisons, their intervals, and the files; the numbers are worked out here again."""

import csv
import math

import numpy as np
import pytest
from scipy.stats import ks_2samp

from benchmark.common.errors import UserError
from benchmark.evaluation.scores import Scores
from benchmark.records.record import record_path, save_record, scores_path
from benchmark.rkld_claims import examine, write_claims
from benchmark.rkld_claims.bootstrap import LOG_QUALITY
from benchmark.rkld_claims.comparisons import compare
from benchmark.rkld_claims.evidence import Evidence
from benchmark.rkld_claims.report import csv_text
from tests.metrics.factory import make_set
from tests.rkld_claims.claims_fixtures import (
    AUTHORS,
    BASELINES,
    COMMON,
    NOISE,
    RETRAINED,
    finding,
    references,
    save,
    verdicts,
)


def test_rkld_better_than_each_baseline_is_reproduced(tmp_path):
    references(tmp_path)
    save(tmp_path, "rkld")
    for i, name in enumerate(BASELINES):
        save(tmp_path, name, shift=2 + 0.2 * i)
    outcome = finding(tmp_path, "a")
    assert outcome.verdict == "reproduced" and [c.other for c in outcome.comparisons] == BASELINES
    pair = outcome.comparisons[3]
    ours, theirs = (ks_2samp(RETRAINED + NOISE + shift, RETRAINED) for shift in (0, 2.6))
    number = pair.numbers[LOG_QUALITY]
    assert (number.value, number.other) == pytest.approx((math.log10(ours.pvalue), math.log10(theirs.pvalue)))
    assert number.difference == pytest.approx(math.log10(ours.pvalue / theirs.pvalue))
    assert 0 < number.low <= number.difference <= number.high and number.share_above > 0.97
    assert pair.numbers["ks_statistic"].difference == pytest.approx(ours.statistic - theirs.statistic)
    assert pair.numbers["ks_statistic"].high < 0
    assert verdicts(tmp_path)["b", "forget10"] == "reproduced"


def test_one_better_baseline_is_enough_against_it(tmp_path):
    references(tmp_path)
    save(tmp_path, "rkld", shift=1)
    save(tmp_path, "npo", shift=4)
    save(tmp_path, "dpo")
    outcome = finding(tmp_path, "a")
    assert outcome.verdict == "not reproduced"
    assert [c.reading for c in outcome.comparisons] == ["as in the paper", "against the paper"]
    assert outcome.comparisons[1].numbers[LOG_QUALITY].share_above < 0.03
    assert "1 against the paper (dpo)" in outcome.because
    assert "not on this board: grad_ascent, grad_diff, ga+kl, npo+rt" in outcome.notes[0]


def test_the_same_authors_are_drawn_for_both_rows(tmp_path):
    references(tmp_path)
    for name in ("rkld", "npo"):
        save(tmp_path, name)
    outcome = finding(tmp_path, "a")
    assert outcome.verdict == "undecided"
    for number in outcome.comparisons[0].numbers.values():
        # Drawn on their own, two equal rows would differ in nearly every draw.
        assert (number.difference, number.low, number.share_above) == (0, None, 0.5)
        assert number.why == "every draw gave the same"


def test_the_interval_is_that_of_whole_authors(tmp_path):
    # One author of eight differs, by 0.4 in both of its rows: a draw's difference is 0.4 K / 8, K ~ B(8, 1/8).
    # P(K <= 2) = 0.93 and P(K <= 3) = 0.987, so the 97.5 % point is 3. Rows drawn singly would give 5 of 16: 0.125.
    higher = COMMON + 0.4 * (AUTHORS == 3)
    references(tmp_path)
    save(tmp_path, "rkld")
    save(tmp_path, "npo", p=higher)
    number = finding(tmp_path, "a").comparisons[0].numbers["forget_probability"]
    assert number.difference == pytest.approx(-0.05, abs=1e-6)
    assert (number.low, number.high) == pytest.approx((-0.15, 0.0), abs=1e-6)
    assert number.share_above == pytest.approx(0.5 * (7 / 8) ** 8, abs=0.04)  # ties, K = 0, count half


def test_seeds_are_paired_and_averaged(tmp_path):
    higher = COMMON + 0.4 * (AUTHORS == 3)
    references(tmp_path)
    for seed in (0, 1):
        save(tmp_path, "rkld", seed=seed)
        save(tmp_path, "npo", p=higher if seed else COMMON, seed=seed)
    save(tmp_path, "npo", p=COMMON + 0.5, seed=2)  # no such seed of rkld: left out
    save(tmp_path, "rkld", p=COMMON + 0.5, seed=3)
    pair = finding(tmp_path, "a").comparisons[0]
    number = pair.numbers["forget_probability"]
    assert pair.seeds == (0, 1)
    assert (number.difference, number.low) == pytest.approx((-0.025, -0.075), abs=1e-6)
    save(tmp_path, "dpo", seed=1)
    text = write_claims(tmp_path, [finding(tmp_path, "a")])[0].read_text()
    assert "forget10, of 2 seeds 1 only: rkld − dpo" in text and "2 seeds of unlearning" in text


def test_few_authors_draw_rows_and_the_page_says_so(tmp_path):
    two = np.repeat([0, 1], 8)
    references(tmp_path, authors=two)
    save(tmp_path, "rkld", authors=two)
    save(tmp_path, "npo", authors=two, p=COMMON + 0.4 * (np.arange(16) == 3))
    outcome = finding(tmp_path, "a")
    pair = outcome.comparisons[0]
    assert (pair.basis.kind, pair.basis.authors, pair.basis.rows) == ("rows", 2, 16)
    # One row of 16 differs: 0.4 K / 16, K ~ B(16, 1/16), whose 97.5 % point is 3. Of two authors it would be 0.05.
    assert pair.numbers["forget_probability"].low == pytest.approx(-0.075, abs=1e-6)
    text = write_claims(tmp_path, [outcome])[0].read_text()
    assert "16 forget rows of 2 forget authors, and 1 seed of unlearning" in text
    assert "fewer than 5 authors" in text and "understates the uncertainty" in text


def test_runs_that_are_not_ok_are_shown_and_decide_nothing(tmp_path):
    references(tmp_path)
    save(tmp_path, "rkld", shift=1)
    save(tmp_path, "npo", shift=4)
    save(tmp_path, "grad_ascent", status="diverged", level=0.01)
    save(tmp_path, "idk", status="failed")
    outcome = finding(tmp_path, "a")
    assert outcome.verdict == "reproduced"
    diverged = outcome.comparisons[0]
    assert diverged.reading == "against the paper; not counted: grad_ascent diverged" and not diverged.counts
    assert "grad_ascent (diverged)" in write_claims(tmp_path, [outcome])[0].read_text()
    assert "idk" in outcome.notes[0]
    save(tmp_path, "rkld", shift=1, status="diverged")
    assert finding(tmp_path, "a").verdict == "undecided"


@pytest.mark.parametrize(
    ("gone", "why"),
    [
        ("npo", "npo seed 0: no Parquet file beside its record"),
        ("retrained", "rkld seed 0: no Parquet file of its retrained reference"),
    ],
)
def test_without_parquet_there_is_no_interval(tmp_path, gone, why):
    references(tmp_path)
    save(tmp_path, "rkld")
    save(tmp_path, "npo", shift=4)
    scores_path(record_path(tmp_path, gone, f"{gone}-forget10-0-1")).unlink()
    outcome = finding(tmp_path, "a")
    number = outcome.comparisons[0].numbers[LOG_QUALITY]
    assert outcome.verdict == "undecided" and number.difference > 3
    assert (number.low, number.share_above, number.why) == (None, None, why)
    assert why in write_claims(tmp_path, [outcome])[0].read_text()
    if gone == "retrained":  # only the test against it needs it
        assert outcome.comparisons[0].numbers["model_utility"].why == "every draw gave the same"


def test_rows_with_other_questions_are_not_paired(tmp_path):
    references(tmp_path)
    save(tmp_path, "rkld")
    rkld = Evidence(tmp_path).method("rkld", "forget10")
    short = save(tmp_path, "npo", authors=AUTHORS[:10])
    with pytest.raises(UserError, match="not scored on the same forget questions"):
        examine(tmp_path)
    short.reference_key = None
    scores = Scores({"forget": make_set([1.0] * 10, authors=AUTHORS[:10])})
    save_record(tmp_path, short, scores)
    other = Evidence(tmp_path).method("npo", "forget10")
    assert compare(rkld, other, ("forget_probability",)).numbers["forget_probability"].why == (
        "not scored on the same questions"
    )


def test_missing_rows_are_named(tmp_path):
    save(tmp_path, "npo")
    outcomes = {f.claim: (f.verdict, f.because) for f in examine(tmp_path)}
    assert {verdict for verdict, _ in outcomes.values()} == {"not run"}
    assert outcomes["a"][1] == "rows missing: rkld"
    assert outcomes["b"][1] == "rows missing: rkld, finetuned"
    assert outcomes["c"][1] == "rows missing: rkld, fkl"
    assert outcomes["d"][1].endswith("rkld@alpha=1, rkld@alpha=2, rkld@alpha=4, rkld@alpha=8, rkld@alpha=12")


def test_other_settings_are_noted_and_left(tmp_path):
    references(tmp_path)
    save(tmp_path, "rkld")
    save(tmp_path, "npo", shift=3)
    save(tmp_path, "npo", key="later", day=2, alpha=3.0)
    outcome = finding(tmp_path, "a")
    assert len(outcome.comparisons) == 1 and outcome.comparisons[0].numbers[LOG_QUALITY].low > 0
    assert "not looked at (the first that was run counts): npo 1" in outcome.notes[-1]


def test_files_hold_every_number_and_are_the_same_again(tmp_path):
    references(tmp_path)
    save(tmp_path, "rkld")
    save(tmp_path, "npo", shift=3)
    findings = examine(tmp_path)
    page, table = write_claims(tmp_path / "out", findings)
    assert (page.name, table.name) == ("claims.md", "claims.csv")
    rows = list(csv.DictReader(table.open()))
    pair = findings[0].comparisons[0]
    line = next(r for r in rows if (r["claim"], r["other"], r["quantity"]) == ("a", "npo", LOG_QUALITY))
    number = pair.numbers[LOG_QUALITY]
    assert [float(line[k]) for k in ("difference", "low", "high")] == [number.difference, number.low, number.high]
    assert (line["resampled"], line["authors"], line["rows"], line["seeds"]) == ("authors", "8", "16", "0")
    assert [r["verdict"] for r in rows if r["claim"] == "c"] == ["not run"]
    text = page.read_text()
    for claim in "abcdef":
        assert f"\n## {claim}. " in text
    ours, theirs = (10 ** getattr(number, k) for k in ("value", "other"))
    assert f"| rkld − npo | {ours:.2f}, {theirs:.1e}".replace("e-0", "e-") in text
    assert f"+{number.difference:.3f} [+{number.low:.3f}, +{number.high:.3f}]" in text
    assert csv_text(examine(tmp_path)) == table.read_text()


def test_no_records(tmp_path):
    with pytest.raises(UserError, match="holds no records"):
        examine(tmp_path)
