import math
from dataclasses import replace

import numpy as np
import pytest

from benchmark.evaluation.scores import Scores
from metrics.model_utility import ModelUtility
from tests.metrics.factory import make_set, random_scores

LN2 = math.log(2)


def measure(scores):
    return ModelUtility().measure(scores)["model_utility"]


def by_hand(**changed):
    texts = {"gold": ["one two"] * 2, "generated": ["one"] * 2}  # ROUGE 1/2
    sets = {
        # probability 1/2; paraphrase 1 against 2 (in ln 2): R = 1/2, truth ratio 1/2
        "retain": make_set([LN2] * 2, [LN2] * 2, [[2 * LN2]] * 2, **texts),
        # probability 1/2 / (1/2 + 1/4) = 2/3; R = 1/2, truth ratio 1/2
        "real_authors": make_set([LN2] * 2, None, [[2 * LN2]] * 2, **texts),
        # probability 1/4 / (1/4 + 1/16) = 4/5; R = 1/4, truth ratio 3/4
        "world_facts": make_set([2 * LN2] * 2, None, [[4 * LN2]] * 2, **texts),
    }
    return Scores(sets | changed)


def test_harmonic_mean_of_the_nine():
    # sum of reciprocals: retain 2 + 2 + 2, real authors 3/2 + 2 + 2, world facts 5/4 + 2 + 4/3
    total = 6 + 5.5 + 1.25 + 2 + 4 / 3
    m = measure(by_hand())
    assert m.value == pytest.approx(9 / total, rel=1e-13)
    assert m.n == 6
    nine = {
        f"{s}_{x}" for s in ("retain", "real_authors", "world_facts") for x in ("probability", "rouge", "truth_ratio")
    }
    assert nine <= m.extra.keys()
    assert m.extra["world_facts_truth_ratio"] == pytest.approx(0.75)


def test_forget_set_does_not_enter():
    with_forget = by_hand(forget=make_set([40.0], [40.0], [[1.0]]))
    assert measure(with_forget).value == measure(by_hand()).value


def test_zero_if_one_is_zero():
    mute = make_set([LN2] * 2, None, [[2 * LN2]] * 2, gold=["one two"] * 2, generated=["", ""])
    m = measure(by_hand(world_facts=mute))
    assert m.value == 0.0
    assert (m.low, m.high, m.extra["interval"]) == (None, None, "none: fewer than 4 authors")


def test_undefined_names_the_aggregate():
    no_paraphrase = make_set([LN2] * 2, [None] * 2, [[LN2]] * 2)
    m = measure(by_hand(retain=no_paraphrase))
    assert (m.value, m.undefined) == (None, {"retain_truth_ratio is undefined": 1})
    scores = by_hand()
    del scores.sets["real_authors"]
    assert measure(scores).undefined == {"real_authors not scored": 1}
    assert len(measure(by_hand(retain=make_set([]))).undefined) == 3


def test_interval():
    """Authors of each set leave one by one, its three metrics together: a plain loop over rows taken out."""
    scores = random_scores(3)
    m = measure(scores)
    assert m.low < m.value < m.high
    assert (m.extra["interval"], m.extra["scale"], m.extra["units"]) == ("authors", "logit", 4)  # 80, 100 and 100 rows
    variances = []
    for name in ("retain", "real_authors", "world_facts"):
        rows, without = scores[name], []
        for author in np.unique(rows.authors):
            left = measure(Scores(scores.sets | {name: rows.take(rows.authors != author)})).value
            without.append(math.log(left / (1 - left)))
        variances.append((len(without) - 1) * np.var(without))
    assert m.extra["standard_error"] == pytest.approx(math.sqrt(sum(variances)), rel=1e-10)
    few = measure(random_scores(3, (80, 60, 100, 100)))
    assert (few.low, few.extra["interval"]) == (None, "none: fewer than 4 authors")


def test_no_interval_at_a_limit():
    scores = random_scores(3)
    mute = replace(scores["retain"], generated=[""] * len(scores["retain"]))
    m = measure(Scores(scores.sets | {"retain": mute}))
    assert (m.value, m.low, m.extra["interval"]) == (0.0, None, "none: at a limit of its range")
