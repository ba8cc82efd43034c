"""Membership attacks: AUC, direction, ties, intervals; each attack's loss by hand."""

import math
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import metrics
from benchmark.evaluation.scores import AnswerScores, Scores
from metrics import References
from metrics._membership import NO_HOLDOUT, Attack
from metrics._tokens import lowest_mean, standardized
from metrics.privleak import privleak
from tests.metrics.factory import all_references, answered_as, empty_answer, make_set, random_scores, tokens

ATTACKS = ["mia_loss", "mia_zlib", "mia_min_k", "mia_min_k_plus_plus", "mia_reference"]


def scores(forget, holdout, **gold):
    return Scores({"forget": make_set(forget, **gold), "holdout": make_set(holdout, **gold)})


def measure(name, ours, *retrained):
    return metrics.measure_all(ours, References(retrained), names=[name])[name]


@pytest.mark.parametrize(
    ("forget", "holdout", "auc"),
    [
        ([1, 2], [3, 4], 1.0),  # every forget loss is lower: members
        ([3, 4], [1, 2], 0.0),
        ([1, 4], [2, 3], 0.5),
        ([1, 3], [2, 4], 0.75),  # three of four pairs
        ([1, 1], [1, 1], 0.5),  # all tied
        ([1, 2], [2, 3], 0.875),  # one tie: (3 + 1/2) / 4
        ([1], [2], 1.0),
        ([1, math.inf], [math.inf, math.inf], 0.75),  # infinite losses tie
        ([1, math.nan], [2, 0], 0.5),
        ([], [1], None),
        ([math.nan], [1], None),
    ],
)
def test_auc_by_hand(forget, holdout, auc):
    assert Attack(np.array(forget, float), np.array(holdout, float)).auc() == auc


@settings(max_examples=50, deadline=None)
@given(*[st.lists(st.integers(0, 4), min_size=1, max_size=12)] * 2)
def test_auc_against_the_rank_sum(forget, holdout):
    from scipy.stats import mannwhitneyu

    expected = mannwhitneyu(holdout, forget).statistic / (len(forget) * len(holdout))
    attack = Attack(np.array(forget, float), np.array(holdout, float))
    assert attack.auc() == pytest.approx(expected, rel=1e-12)
    assert Attack(attack.holdout, attack.forget).auc() == pytest.approx(1 - expected, rel=1e-12)


def test_auc_of_the_rows_that_stay():
    attack = Attack(np.array([1.0, 4.0]), np.array([2.0, 3.0]))
    stay = {"forget": np.array([True, False]), "holdout": np.array([True, True])}
    assert (attack.auc(), attack.auc_of(stay)) == (0.5, 1.0)
    assert np.isnan(attack.auc_of({**stay, "holdout": np.array([False, False])}))


def test_loss_reads_the_nll():
    m = measure("mia_loss", scores([1.0, 3.0], [2.0, 4.0]))
    assert (m.value, m.n, m.extra["signed"]) == (0.75, 4, 0.5)
    assert (m.extra["n_forget"], m.extra["n_holdout"]) == (2, 2)


def test_zlib_divides_by_the_compressed_length():
    texts = ["a" * 300, "Zq8#kd0!xW2@"]
    lengths = [len(zlib.compress(t.encode())) for t in texts]
    # nll such that the loss alone says one thing and the quotient the other
    nll = [1.0, 1.0 * lengths[1] / lengths[0] * 1.1]
    ours = Scores({"forget": make_set([nll[0]], gold=texts[:1]), "holdout": make_set([nll[1]], gold=texts[1:])})
    assert measure("mia_loss", ours).value == float(nll[1] > nll[0])
    assert measure("mia_zlib", ours).value == 1.0
    nll = [1.0, 1.0 * lengths[1] / lengths[0] * 0.9]
    ours = Scores({"forget": make_set([nll[0]], gold=texts[:1]), "holdout": make_set([nll[1]], gold=texts[1:])})
    assert measure("mia_zlib", ours).value == 0.0
    assert measure("mia_zlib", scores([1.0], [2.0], gold=[""])).value == 1.0


@pytest.mark.parametrize(
    ("values", "mean"),
    [
        ([-5.0], -5.0),  # one token: at least one counts
        ([-1.0, -5.0], -5.0),  # 0.8 -> at least one
        ([-1, -2, -3, -4, -5], -4.5),  # two of five
        ([-1, -2, -3, -4, -5, -6, -7], -6.5),  # 2.8 -> two
        (-np.arange(1, 16), -12.5),  # six of fifteen: 10 .. 15
    ],
)
def test_lowest_forty_percent(values, mean):
    assert lowest_mean(np.array(values, float)) == mean


def test_min_k_ignores_the_likely_tokens():
    low, high = tokens(np.exp([-1, -9, -9, -1, -1])), tokens(np.exp([-8, -8, -8, -8, -8]))
    ours = scores([low], [high])  # nll 4.2 and 8; the two lowest 9 and 8
    assert measure("mia_loss", ours).value == 1.0
    assert measure("mia_min_k", ours).value == 0.0


def test_min_k_plus_plus_by_hand():
    row = tokens(np.exp([-2.0, -4.0, -1.0]), mean=[-3.0, -3.0, -2.0], std=[0.5, 2.0, 0.0])
    # (1 / 0.5, -1 / 2, 1 / 0.001): the std of 0 is raised to 1e-3
    assert standardized(row) == pytest.approx([2.0, -0.5, 1000.0])
    easy = tokens(np.exp([-4.0]), mean=[-6.0], std=[1.0])  # z = 2, although log p is the lower one
    hard = tokens(np.exp([-2.0]), mean=[-1.0], std=[1.0])  # z = -1
    assert measure("mia_min_k_plus_plus", scores([easy], [hard])).value == 1.0
    assert measure("mia_min_k", scores([easy], [hard])).value == 0.0


def test_min_k_plus_plus_of_a_point_mass():
    """A model that is sure: std 0, mean 0. Right is z = 0, wrong is -inf, and neither is NaN."""
    right = AnswerScores(np.zeros(2), np.ones(2, bool), np.zeros(2), np.zeros(2))
    wrong = AnswerScores(np.full(2, -np.inf), np.zeros(2, bool), np.zeros(2), np.zeros(2))
    assert measure("mia_min_k_plus_plus", scores([right], [wrong])).value == 1.0
    unknown = AnswerScores(np.zeros(2), np.ones(2, bool), np.full(2, np.nan), np.zeros(2))
    m = measure("mia_min_k_plus_plus", scores([right, unknown], [wrong]))
    assert m.undefined == {"forget: no moments of the vocabulary": 1}


def test_reference_takes_the_retrained_loss_away():
    ours, retrained = scores([3.0, 3.0], [1.0, 1.0]), scores([6.0, 6.0], [1.0, 2.0])
    assert measure("mia_loss", ours).value == 0.0
    assert measure("mia_reference", ours, retrained).value == 1.0  # -3, -3 against 0, -1
    assert measure("mia_reference", ours, ours).value == 0.5
    assert measure("mia_reference", ours).undefined == {"no retrained reference": 1}
    assert measure("mia_reference", scores([math.inf], [1.0]), scores([math.inf], [1.0])).undefined == {
        "forget: not a number": 1
    }
    with pytest.raises(ValueError, match="same holdout questions"):
        measure("mia_reference", ours, scores([1.0, 1.0], [1.0]))


@pytest.mark.parametrize("name", [*ATTACKS, "privleak", "privacy", "overall"])
def test_without_holdout_none_and_never_a_half(name):
    ours = random_scores(0, (80, 80, 100, 100))
    m = metrics.measure_all(ours, all_references(ours), names=[name])[name]
    assert m.value is None and m.low is None
    assert [reason.removeprefix("privacy: ") for reason in m.undefined] == [NO_HOLDOUT]


@pytest.mark.parametrize("name", ["mia_reference", "privleak", "privacy"])
def test_reference_without_holdout(name):
    ours, reference = random_scores(0), random_scores(0, (80, 80, 100, 100))
    assert "held-out authors" in next(iter(measure(name, ours, reference).undefined))


@pytest.mark.parametrize("name", ATTACKS[:4])
def test_rows_without_a_loss_are_counted(name):
    m = measure(name, scores([1.0, empty_answer(), math.nan], [2.0]))
    assert (m.value, m.n) == (1.0 if name != "mia_min_k_plus_plus" else 0.5, 2)
    assert m.undefined == {
        "forget: gold answer without tokens": 1,
        "forget: gold answer: log-likelihood is NaN or above 0": 1,
    }
    nothing = measure(name, scores([empty_answer()], [2.0]))
    assert nothing.value is None and nothing.undefined == {"forget: gold answer without tokens": 1}


@pytest.mark.parametrize("name", ATTACKS)
def test_intervals(name):
    """Authors of both sides leave one by one: a plain loop over rows taken out."""
    ours = random_scores(1)
    theirs = answered_as(ours, random_scores(2))
    m = measure(name, ours, theirs)
    assert m.low < m.value < m.high and m.extra["interval"] == "authors" and m.n == 160
    variances = []
    for side in ("forget", "holdout"):
        without = []
        for author in np.unique(ours[side].authors):
            stay = ours[side].authors != author
            left = [Scores(s.sets | {side: s[side].take(stay)}) for s in (ours, theirs)]
            without.append(measure(name, *left).value)
        variances.append((len(without) - 1) * np.var(np.log(np.array(without) / (1 - np.array(without)))))
    assert m.extra["standard_error"] == pytest.approx(math.sqrt(sum(variances)), rel=1e-10)
    assert m.extra["degrees"] == pytest.approx(sum(variances) ** 2 / (sum(v**2 for v in variances) / 3))


def test_no_interval_at_a_limit_and_of_few_authors():
    apart = measure("mia_loss", scores([1.0] * 4, [2.0] * 4))
    assert (apart.value, apart.low, apart.extra["interval"]) == (1.0, None, "none: at a limit of its range")
    few = measure("mia_loss", scores([1.0, 3.0, 1.0], [2.0, 2.0, 2.0, 4.0]))
    assert (few.low, few.extra["interval"]) == (None, "none: fewer than 4 authors")


@pytest.mark.parametrize(
    ("auc", "retrained", "percent"),
    [
        (1.0, 0.5, -100.0),
        (0.5, 0.5, 0.0),
        (0.0, 0.5, 100.0),
        (0.75, 0.6, -37.5),
        (0.4, 0.6, 50.0),
        (0.5, 1.0, math.nan),
    ],
)
def test_privleak_by_hand(auc, retrained, percent):
    assert privleak(auc, retrained) == pytest.approx(percent, nan_ok=True)


def test_privleak_uses_min_k():
    low, high = tokens(np.exp([-1, -9, -9, -1, -1])), tokens(np.exp([-8] * 5))
    ours, retrained = scores([low, low], [high, high]), scores([1.0, 3.0], [2.0, 2.0])
    m = measure("privleak", ours, retrained)
    assert (m.extra["auc"], m.extra["auc_retrained"], m.extra["attack"]) == (0.0, 0.5, "mia_min_k")
    assert m.value == 100.0
    assert measure("privleak", ours, ours).value == 0.0
    assert measure("privleak", ours).undefined == {"no retrained reference": 1}
    two = measure("privleak", ours, retrained, scores([3.0, 3.0], [2.0, 2.0]))  # AUC 1/2 and 0
    assert (two.extra["auc_retrained"], two.value) == (0.25, pytest.approx(100 / 3))


def test_privleak_does_not_divide_by_next_to_nothing():
    """One of 25 pairs would make 2400 % of a model at AUC 0; one of 16 is enough to divide by."""
    for rows, defined in ((5, False), (4, True)):
        retrained = scores([1.0] * (rows - 1) + [3.0], [2.0] + [4.0] * (rows - 1))  # all pairs but one
        m = measure("privleak", scores([2.0] * rows, [1.0] * rows), retrained)
        assert (m.value is not None) == defined
        assert m.undefined == ({} if defined else {"1 - AUC of the retrained model is below 0.05": 1})
    assert metrics.load_metric("privleak").direction == "target"


def test_privleak_interval_is_paired():
    """Against itself every author gives 0, so that leaving out other ones of the two models would show."""
    ours = random_scores(1)
    m = measure("privleak", ours, ours)
    assert (m.value, m.low, m.extra["interval"]) == (0.0, None, "none: all authors gave the same")
    m = measure("privleak", ours, answered_as(ours, random_scores(2)))
    assert m.low < m.value < m.high


def test_privleak_limits_stay_in_its_range():
    ours, retrained = (
        scores([1.0, 1.1, 5.0, 1.3], [2.0, 2.1, 2.2, 1.2]),
        scores([1.0, 3.0, 2.5, 1.5], [2.0, 2.1, 2.2, 1.2]),
    )
    plain = metrics.load_metric("privleak").measure(ours, References((retrained,)))["privleak"]
    assert plain.low < -100 < plain.value  # symmetric limits of so few rows
    cut = measure("privleak", ours, retrained)
    assert (cut.low, cut.high, cut.value) == (-100.0, plain.high, plain.value)
