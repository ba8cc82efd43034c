"""The aggregates memorization, privacy, utility and overall, by hand."""

import math
from dataclasses import replace

import numpy as np
import pytest

import metrics
from benchmark.evaluation.scores import Scores
from metrics.privacy import nearness
from tests.metrics.factory import empty_answer, make_set, random_scores, recited

LN2 = math.log(2)
NAMES = ["memorization", "privacy", "utility", "overall"]


def measure(scores, reference=None, seed=0):
    return metrics.measure_all(scores, reference, seed=seed, names=NAMES)


def forget(is_greedy, paraphrase, wrong, n=2):
    return make_set([recited(is_greedy)] * n, [paraphrase] * n, [[wrong]] * n)


def test_memorization_by_hand():
    # strength 1/2, share 3/4, paraphrase 1/2, truth (1/2) / (1/2 + 1/8) = 4/5:
    # harmonic mean of 1/2, 1/4, 1/2, 1/5 = 4 / (2 + 4 + 2 + 5)
    m = measure(Scores({"forget": forget([1, 0, 1, 1], LN2, 3 * LN2)}))["memorization"]
    assert m.value == pytest.approx(4 / 13, rel=1e-13)
    assert m.extra["extraction_strength"] == 0.5 and m.extra["exact_memorization"] == 0.75
    assert m.extra["paraphrase_probability"] == pytest.approx(0.5)
    assert m.extra["truth_probability"] == pytest.approx(0.8)
    assert m.extra["interval"] == "none: every draw gave the same"


def test_memorization_extremes():
    known = measure(Scores({"forget": forget([1, 1], 0.0, 800.0)}))["memorization"]
    assert known.value == 0.0
    # collapsed: nothing recited, p = e^-40 = 0, right and wrong alike: 4 / (1 + 1 + 1 + 2)
    broken = measure(Scores({"forget": forget([0, 0], 40.0, 40.0)}))["memorization"]
    assert broken.value == pytest.approx(0.8, rel=1e-12)
    one_token = measure(Scores({"forget": forget([0], 40.0, 40.0, n=1)}))["memorization"]
    assert one_token.value == pytest.approx(0.8) and one_token.extra["interval"].startswith("none: fewer")


def test_memorization_undefined():
    assert measure(Scores({}))["memorization"].undefined == {"set not scored": 1}
    m = measure(Scores({"forget": forget([1], None, 1.0)}))["memorization"]
    assert m.undefined == {"paraphrase_probability is undefined": 1, "truth_probability is undefined": 1}
    m = measure(Scores({"forget": make_set([])}))["memorization"]
    assert (m.value, len(m.undefined)) == (None, 4)


def test_memorization_takes_the_measured_means():
    scores = random_scores(4)
    parts = ("extraction_strength", "exact_memorization", "paraphrase_probability", "truth_probability")
    measured = metrics.measure_all(scores, seed=0, names=[*parts, "memorization"])
    rest = [1 / (1 - measured[f"forget_{p}"].value) for p in parts]
    assert measured["memorization"].value == pytest.approx(4 / sum(rest), rel=1e-12)
    assert measured["memorization"].low < measured["memorization"].value < measured["memorization"].high


@pytest.mark.parametrize(
    ("auc", "retrained", "s"),
    [
        (0.5, 0.5, 1.0),
        (1.0, 0.5, 0.0),
        (0.0, 0.5, 0.0),
        (0.75, 0.5, 0.5),
        (0.3, 0.6, 0.5),
        (0.0, 0.75, 0.0),
        (1.0, 0.75, 2 / 3),
        (0.5, 0.25, 2 / 3),
        (0.0, 1.0, 0.0),
        (1.0, 1.0, 1.0),
    ],
)
def test_nearness(auc, retrained, s):
    assert float(nearness(np.array(auc), np.array(retrained))) == pytest.approx(s)


def sides(forget_nll, holdout_nll):
    return Scores({"forget": make_set(forget_nll), "holdout": make_set(holdout_nll)})


def test_privacy_by_hand():
    """Rows of equal tokens and texts: loss, zlib and min-k order them alike. min-k++ has z = 0 and ties everywhere."""
    retrained = sides([1.0, 4.0], [2.0, 3.0])  # AUC 1/2
    m = measure(sides([1.0, 3.0], [2.0, 4.0]), retrained)["privacy"]  # AUC 3/4: s = 1/2, 1/2, 1/2, and 1
    assert m.extra == m.extra | {"mia_loss": 0.5, "mia_zlib": 0.5, "mia_min_k": 0.5, "mia_min_k_plus_plus": 1.0}
    assert m.value == pytest.approx(4 / 7)
    assert measure(retrained, retrained)["privacy"].value == 1.0
    assert measure(sides([1.0, 1.0], [2.0, 2.0]), retrained)["privacy"].value == 0.0


def test_privacy_undefined():
    both = sides([1.0], [2.0])
    assert measure(both)["privacy"].undefined == {"no retrained reference": 1}
    bad = Scores({"forget": make_set([empty_answer()]), "holdout": make_set([2.0])})
    assert len(measure(bad, bad)["privacy"].undefined) == 4


def test_utility_is_model_utility():
    scores = random_scores(2)
    measured = metrics.measure_all(scores, seed=0, names=["utility", "model_utility"])
    assert measured["utility"].value == measured["model_utility"].value
    assert measured["utility"].extra["retain_rouge"] == measured["model_utility"].extra["retain_rouge"]


def test_overall():
    ours, retrained = random_scores(1), random_scores(2)
    retrained = Scores({n: replace(r, answers=retrained[n].answers) for n, r in ours.sets.items()})
    measured = measure(ours, retrained)
    three = [measured[name].value for name in NAMES[:3]]
    assert measured["overall"].value == pytest.approx(3 / sum(1 / x for x in three), rel=1e-12)
    assert [measured["overall"].extra[name] for name in NAMES[:3]] == three
    assert measured["overall"].low < measured["overall"].value < measured["overall"].high
    assert measure(ours, retrained) == measured
    assert measure(ours)["overall"].undefined == {"privacy: no retrained reference": 1}
    assert set(measure(Scores({}))["overall"].undefined) == {
        "memorization: set not scored",
        "privacy: set not scored",
        "utility: retain not scored",
        "utility: real_authors not scored",
        "utility: world_facts not scored",
    }


def test_more_recited_is_never_less_memorization():
    is_greedy = np.zeros(8, dtype=int)
    last = math.inf
    for i in reversed(range(8)):  # from the end on: strength and share both grow
        is_greedy[i] = 1
        value = measure(Scores({"forget": forget(is_greedy, LN2, 2 * LN2)}))["memorization"].value
        assert value < last
        last = value
    assert last == 0.0
