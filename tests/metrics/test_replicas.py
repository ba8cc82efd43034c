"""Replicas of other suites' numbers: where they differ from ours, and that they stay out of the way."""

import math

import numpy as np
import pytest

import metrics
from benchmark.evaluation.scores import Scores
from metrics import References
from tests.metrics.factory import all_references, empty_answer, make_set, random_scores, recited, tokens

LN2 = math.log(2)
REPLICAS = [name for name in metrics.metric_names() if metrics.load_metric(name).replica]


def values(name, rows, set_name="forget"):
    return metrics.measure_all(Scores({set_name: rows}), names=[name])[f"{set_name}_{name}"]


def test_replicas_are_measured_on_request_only():
    scores = random_scores(0)
    assert len(REPLICAS) == 10
    by_default = metrics.measure_all(scores, all_references(scores))
    assert tuple(by_default) == metrics.ORDER
    asked = metrics.measure_all(scores, all_references(scores), names=REPLICAS)
    assert asked and not asked.keys() & by_default.keys()
    assert not any(column in metrics.ORDER for column in asked)


@pytest.mark.parametrize("name", REPLICAS)
def test_replicas_say_what_differs(name):
    about = metrics.describe([name])[0]
    assert about["replica"] and about["title"].startswith("Replica: ")
    assert name.rsplit("_", 1)[1] in ("openunlearning", "tofu")
    module = type(metrics.load_metric(name)).__module__
    assert "\nDiffers from ``" in __import__(module, fromlist=["x"]).__doc__


@pytest.mark.parametrize("name", REPLICAS)
def test_a_replica_of_a_sound_model_is_near_the_original(name):
    scores = random_scores(0)
    original = name.rsplit("_", 1)[0]
    measured = metrics.measure_all(scores, all_references(scores), names=[name, original])
    pairs = [
        (m, measured[c.removesuffix("_openunlearning").removesuffix("_tofu")]) for c, m in measured.items() if name in c
    ]
    assert pairs
    for ours, theirs in pairs:
        assert ours.value == pytest.approx(theirs.value, abs=0.2 if "tofu" in name else 0.05)


def test_epsilon_decides_once_the_model_has_collapsed():
    """Right answer 40 nats, wrong ones 30: R = e^10, so min(R, 1/R) = e^-10 and max(0, 1 - R) = 0."""
    rows = make_set([40.0], [40.0], [[30.0] * 5])
    assert values("truth_ratio", rows).value == pytest.approx(math.exp(-10), rel=1e-12)
    p = values("truth_ratio_openunlearning", rows)
    assert p.per_example[0] == pytest.approx(math.exp(-30) / 1e-10, rel=1e-6)  # 9.4e-4 instead of 22026
    assert values("truth_ratio", rows, "retain").value == 0.0
    assert values("truth_ratio_openunlearning", rows, "retain").value == pytest.approx(1 - 9.3576e-4, rel=1e-6)


def test_epsilon_hardly_matters_below_twenty_nats():
    rows = make_set([1.0], [2.0], [[3.0] * 5])
    a, b = values("truth_ratio", rows).value, values("truth_ratio_openunlearning", rows).value
    assert a != b and a == pytest.approx(b, rel=1e-8)


def test_probability_with_epsilon():
    rows = make_set([LN2], wrong_nll=[[2 * LN2, 2 * LN2]])
    assert values("probability_openunlearning", rows, "world_facts").value == pytest.approx(0.5, rel=1e-9)
    assert values("probability_openunlearning", rows).value == values("probability", rows).value
    collapsed = make_set([40.0], wrong_nll=[[40.0] * 3])
    assert values("probability", collapsed, "world_facts").value == pytest.approx(0.25)
    expected = math.exp(-40) / (4 * math.exp(-40) + 1e-10)
    assert values("probability_openunlearning", collapsed, "world_facts").value == pytest.approx(expected)


def test_forget_quality_with_epsilon():
    """A collapsed model whose true ratios are those of the retrained one: D = 0, but the epsilon sets them apart."""
    log_r = np.linspace(-1, 1, 12)
    ours = Scores({"forget": make_set([1.0] * 12, list(60 + log_r), [[60.0]] * 12)})
    retrained = Scores({"forget": make_set([1.0] * 12, list(2 + log_r), [[2.0]] * 12)})
    names = ["forget_quality", "forget_quality_openunlearning"]
    measured = metrics.measure_all(ours, References((retrained,)), names=names)
    assert measured[names[0]].value == pytest.approx(1.0)
    assert measured[names[1]].extra["ks_statistic"] == 1.0 and measured[names[1]].value < 1e-5
    # p(wrong) = e^-60 and e^-40 are both lost in 1 / (R + 1e-10) = 1e10: all rows tie
    wrong = [[x] for x in 60 + 20 * np.random.default_rng(0).random(12)]
    tied = Scores({"forget": make_set([1.0] * 12, [0.0] * 12, wrong)})
    measured = metrics.measure_all(tied, References((tied,)), names=names)
    assert measured[names[1]].value == pytest.approx(1.0)


def test_arithmetic_truth_ratio_by_hand():
    # correct 1/2; wrong 1/4 and 1/16: arithmetic mean 5/32, R = 5/16; geometric 1/8, R = 1/4
    rows = make_set([1.0], [LN2], [[2 * LN2, 4 * LN2]])
    assert values("truth_ratio_tofu", rows).value == pytest.approx(5 / 16, rel=1e-13)
    assert values("truth_ratio", rows).value == pytest.approx(1 / 4, rel=1e-13)
    assert values("truth_ratio_tofu", rows, "retain").value == pytest.approx(11 / 16, rel=1e-13)
    same = make_set([1.0], [LN2], [[3 * LN2] * 4])  # wrong answers alike: both means are the same
    assert values("truth_ratio_tofu", same).value == pytest.approx(values("truth_ratio", same).value, rel=1e-13)
    collapsed = make_set([1.0], [800.0], [[800.0 + 2 * LN2, 800.0 + 4 * LN2]])
    assert values("truth_ratio_tofu", collapsed).per_example[0] == pytest.approx(math.log(5 / 32), rel=1e-9)
    short = make_set([1.0] * 2, [LN2] * 2, [[2 * LN2, 4 * LN2], [2 * LN2]])  # a row with one wrong answer
    assert values("truth_ratio_tofu", short).per_example == pytest.approx(np.log([5 / 16, 1 / 2]))


def test_model_utility_with_the_replicas_parts():
    scores = random_scores(3)
    for suffix, parts in (
        ("tofu", ("probability", "rouge", "truth_ratio_tofu")),
        ("openunlearning", ("probability_openunlearning", "rouge", "truth_ratio_openunlearning")),
    ):
        measured = metrics.measure_all(scores, names=[f"model_utility_{suffix}", *parts])
        nine = [measured[f"{s}_{p}"].value for s in ("retain", "real_authors", "world_facts") for p in parts]
        assert measured[f"model_utility_{suffix}"].value == pytest.approx(9 / sum(1 / x for x in nine), rel=1e-12)


@pytest.mark.parametrize(
    ("is_greedy", "ours", "theirs"),
    [([0, 0, 0, 0], 0.0, 0.25), ([1, 1, 1, 0], 0.0, 0.25), ([0, 0, 1, 1], 0.5, 0.5), ([1], 1.0, 1.0), ([0], 0.0, 1.0)],
)
def test_extraction_strength_floor(is_greedy, ours, theirs):
    rows = make_set([recited(is_greedy), empty_answer()])
    assert values("extraction_strength", rows).value == ours
    replica = values("extraction_strength_openunlearning", rows)
    assert (replica.value, replica.n) == (theirs, 1)


def test_min_k_without_eos():
    """The closing EOS is the least likely token of the forget row, so that only one of the two sees it."""
    forget, holdout = tokens(np.exp([-1, -1, -9])), tokens(np.exp([-2, -2, -2]))
    scores = Scores({"forget": make_set([forget]), "holdout": make_set([holdout])})
    for name in ("mia_min_k", "mia_min_k_plus_plus"):
        measured = metrics.measure_all(scores, names=[name, f"{name}_openunlearning"])
        assert (measured[name].value, measured[f"{name}_openunlearning"].value) == (0.0, 1.0)
    only_eos = Scores({"forget": make_set([tokens([0.5])]), "holdout": make_set([holdout])})
    m = metrics.measure_all(only_eos, names=["mia_min_k_openunlearning"])["mia_min_k_openunlearning"]
    assert m.undefined == {"forget: gold answer without tokens before its EOS": 1}
