"""Forget quality and its statistic D; both compare log R on the forget rows."""

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import ks_2samp

from benchmark.evaluation.scores import Scores
from metrics import References
from metrics.forget_quality import ForgetQuality
from metrics.forget_quality_test_authors import ForgetQualityTestAuthors
from metrics.ks_statistic import KSStatistic
from tests.metrics.factory import forget_scores


def both(ours, *retrained):
    references = References(retrained)
    return (
        ForgetQuality().measure(ours, references)["forget_quality"],
        KSStatistic().measure(ours, references)["ks_statistic"],
    )


@pytest.mark.parametrize(("n", "p"), [(40, 1.860340365603627e-23), (200, 1.9e-119), (400, 1.1e-239)])
def test_complete_separation(n, p):
    # One of the C(2n, n) orders of the pooled values, or its mirror image: p = 2 / C(2n, n).
    fq, ks = both(forget_scores(np.arange(n) * 0.01 + 100), forget_scores(np.arange(n) * 0.01))
    exact = math.log10(2) - math.log10(math.comb(2 * n, n))
    assert fq.value == pytest.approx(p, rel=0.05)
    assert math.log10(fq.value) == pytest.approx(exact, rel=1e-10)
    assert fq.extra["log10_p"] == pytest.approx(exact, rel=1e-10)
    assert ks.value == fq.extra["ks_statistic"] == 1.0
    assert (fq.n, ks.n, fq.extra["n"], fq.extra["n_reference"]) == (n, n, n, n)


def test_p_underflows_but_log10_p_stays():
    fq, _ = both(forget_scores(np.arange(600.0) + 1000), forget_scores(np.arange(600.0)))
    assert fq.value == 0.0
    assert fq.extra["log10_p"] == pytest.approx(math.log10(2) - math.log10(math.comb(1200, 600)), rel=1e-9)


def test_identical_samples_are_one():
    scores = forget_scores(np.linspace(-1, 1, 40))
    fq, ks = both(scores, scores)
    assert (fq.value, fq.extra["log10_p"], ks.value) == (1.0, 0.0, 0.0)


def test_by_hand_with_ties():
    # F_a - F_b after 1, 2, 3, 4, 5, 6: 1/4, 1/2, 1/2, 1/2, 1/4, 0, so D = 1/2 (looking between the two 3s
    # would say 3/4). n = m = 4, h = 2: p = 2 (C(8, 6) - C(8, 8)) / C(8, 4) = 2 * 27 / 70.
    fq, ks = both(forget_scores([1, 2, 3, 4]), forget_scores([3, 4, 5, 6]))
    assert ks.value == pytest.approx(0.5)
    assert fq.value == pytest.approx(54 / 70, rel=1e-12)


def test_log_r_gives_what_r_gives():
    rng = np.random.default_rng(0)
    a, b = rng.normal(0, 1, 60), rng.normal(0.4, 1, 60)
    fq, _ = both(forget_scores(a), forget_scores(b))
    assert fq.value == pytest.approx(ks_2samp(np.exp(a), np.exp(b)).pvalue, rel=1e-12)


def test_r_that_overflows_still_counts():
    # e^1000 and e^2000 are both inf, tied; their logarithms are not.
    fq, ks = both(forget_scores([1000.0] * 5), forget_scores([2000.0] * 5))
    assert ks.value == 1.0
    assert fq.value == pytest.approx(2 / 252)  # 2 / C(10, 5)


def test_undefined_rows_leave_their_own_sample_only():
    ours, theirs = forget_scores([1.0, 2.0, 3.0, math.nan]), forget_scores([11.0, math.inf, 13.0, 14.0])
    fq, ks = both(ours, theirs)
    assert (fq.n, fq.extra["n_reference"], ks.value) == (3, 3.0, 1.0)
    assert fq.value == pytest.approx(2 / 20)  # 2 / C(6, 3)
    assert fq.undefined == {
        "paraphrase: log-likelihood is NaN or above 0": 1,
        "retrained reference: infinite log-likelihood": 1,
    }
    nothing, _ = both(forget_scores([math.nan] * 2), forget_scores([1.0, 2.0]))
    assert (nothing.value, nothing.n) == (None, 0)
    assert nothing.undefined == {"paraphrase: log-likelihood is NaN or above 0": 2}


def test_without_a_reference_or_rows():
    fq, ks = both(forget_scores([1.0, 2.0]))
    assert fq.value is ks.value is None
    assert fq.undefined == ks.undefined == {"no retrained reference": 1}
    fq, _ = both(forget_scores([]), forget_scores([]))
    assert (fq.value, fq.n, fq.undefined) == (None, 0, {"no rows": 1})
    fq, _ = both(Scores({}), forget_scores([1.0]))
    assert fq.undefined == {"set not scored": 1}


def test_rows_must_be_the_same_ones():
    ours = forget_scores([1.0, 2.0])
    rows = ours["forget"]
    swapped = Scores({"forget": replace(rows, questions=rows.questions[::-1])})
    other_gold = Scores({"forget": replace(rows, gold=["x", "y"])})
    for theirs in (forget_scores([1.0]), swapped, other_gold, Scores({})):
        for metric in (ForgetQuality(), KSStatistic()):
            with pytest.raises(ValueError, match="same dataset and split, with the same limit"):
                metric.measure(ours, References((theirs,)))


def test_a_test_has_no_interval_and_says_so():
    rng = np.random.default_rng(1)
    authors = np.repeat(np.arange(10), 8)
    for m in both(forget_scores(rng.normal(0, 1, 80), authors), forget_scores(rng.normal(0.3, 1, 80), authors)):
        assert 0 < m.value < 1 and m.low is m.high is None
        assert m.extra["interval"].startswith("none: a test's p-value")


def test_the_first_retrained_model_is_the_one_compared():
    ours, first, second = (forget_scores(x) for x in ([1, 2, 3], [11, 12, 13], [1, 2, 3]))
    assert [both(ours, *pair)[1].value for pair in ((first, second), (second, first))] == [1.0, 0.0]


def test_test_authors_is_the_authors_that_a_sweep_leaves_out():
    # Of authors 2, 5 and 9 the sweep reads 2 alone, whose rows differ by 100; the others' are equal.
    authors = np.array([5, 2, 2, 5, 9])
    ours, theirs = (replace_authors(forget_scores(x), authors) for x in ([3, 101, 102, 4, 5], [3, 1, 2, 4, 5]))
    measured = of_test_authors(ours, theirs)
    assert (measured.value, measured.n, measured.extra["n_reference"]) == (1.0, 3, 3.0)
    swapped = [replace_authors(s, 10 - authors) for s in (ours, theirs)]
    measured = of_test_authors(*swapped)
    # Now the sweep reads the last row's author: 3 4 101 102 against 1 2 3 4, D = 1/2 after 2.
    assert measured.n == 4 and measured.extra["ks_statistic"] == pytest.approx(0.5)


def test_one_author_has_no_test_authors():
    scores = replace_authors(forget_scores([1, 2, 3]), np.zeros(3, dtype=int))
    measured = of_test_authors(scores, scores)
    assert (measured.value, measured.undefined) == (None, {"no rows": 1})


def of_test_authors(ours, retrained):
    return ForgetQualityTestAuthors().measure(ours, References((retrained,)))["forget_quality_test_authors"]


def replace_authors(scores, authors):
    return Scores({"forget": replace(scores["forget"], authors=authors)})
