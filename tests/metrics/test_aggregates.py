"""The aggregates memorization, privacy, utility and overall, by hand."""

import math

import numpy as np
import pytest

import metrics
from benchmark.evaluation.scores import Scores
from metrics import References
from metrics.privacy import nearness
from tests.metrics.factory import all_references, answered_as, empty_answer, make_set, random_scores, recited, tokens

LN2 = math.log(2)
NAMES = ["memorization", "privacy", "utility", "overall"]


def measure(scores, references=metrics.NO_REFERENCES):
    return metrics.measure_all(scores, references, names=NAMES)


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
    assert m.extra["interval"] == "none: fewer than 4 authors"


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
    measured = metrics.measure_all(scores, names=[*parts, "memorization"])
    rest = [1 / (1 - measured[f"forget_{p}"].value) for p in parts]
    assert measured["memorization"].value == pytest.approx(4 / sum(rest), rel=1e-12)
    assert measured["memorization"].low < measured["memorization"].value < measured["memorization"].high


@pytest.mark.parametrize(
    ("auc", "retrained", "finetuned", "s"),
    [
        (0.5, 0.5, 1.0, 1.0),
        (1.0, 0.5, 1.0, 0.0),
        (0.75, 0.5, 1.0, 0.5),
        (0.25, 0.5, 1.0, 0.5),  # less like members than rows that no model has seen: as bad
        (0.0, 0.75, 1.0, 0.0),  # further off than the fine-tuned model, on the other side
        (0.7, 0.6, 0.8, 0.5),  # an attack that never gets far: half way is still half way
        (0.4, 0.5, 0.3, 0.5),  # the fine-tuned model below the retrained ones
        (0.5, 0.5, 0.5, math.nan),
    ],
)
def test_nearness(auc, retrained, finetuned, s):
    assert nearness(auc, retrained, finetuned) == pytest.approx(s, nan_ok=True)


def sides(forget_nll, holdout_nll):
    """Three tokens of each nll, whose moments do not depend on it: all attacks order the rows by nll."""
    likelihoods = [[tokens([math.exp(-x)] * 3, mean=[-3.0] * 3) for x in side] for side in (forget_nll, holdout_nll)]
    return Scores({name: make_set(rows) for name, rows in zip(("forget", "holdout"), likelihoods, strict=True)})


FINETUNED = sides([1.0, 2.0], [3.0, 4.0])  # AUC 1
RETRAINED = sides([1.0, 4.0], [2.0, 3.0])  # AUC 1/2


def test_privacy_by_hand():
    references = References((RETRAINED,), FINETUNED)
    m = measure(sides([1.0, 3.0], [2.0, 4.0]), references)["privacy"]  # AUC 3/4: s = 1 - (1/4) / (1/2)
    attacks = ("mia_loss", "mia_zlib", "mia_min_k", "mia_min_k_plus_plus")
    assert m.extra == m.extra | dict.fromkeys(attacks, 0.5)
    assert m.value == pytest.approx(0.5)
    assert measure(RETRAINED, references)["privacy"].value == 1.0
    assert measure(FINETUNED, references)["privacy"].value == 0.0


def test_privacy_is_measured_on_the_way_from_retrained_to_finetuned():
    """Attacks that get from 1/2 to 3/4 only: a model at 3/4 has forgotten nothing, though 3/4 is half way to 1."""
    weak = sides([1.0, 3.0], [2.0, 4.0])
    assert measure(weak, References((RETRAINED,), weak))["privacy"].value == 0.0


def test_privacy_takes_the_mean_of_the_retrained_models():
    other = sides([2.0, 4.0], [1.0, 3.0])  # AUC 1/4; the mean 3/8, the way to 1 then 5/8
    m = measure(sides([1.0, 3.0], [2.0, 4.0]), References((RETRAINED, other), FINETUNED))["privacy"]
    assert m.value == pytest.approx(1 - (3 / 8) / (5 / 8))


def test_privacy_undefined():
    assert measure(RETRAINED)["privacy"].undefined == {"no retrained reference": 1}
    assert measure(RETRAINED, References((RETRAINED,)))["privacy"].undefined == {"no fine-tuned reference": 1}
    bad = Scores({"forget": make_set([empty_answer()]), "holdout": make_set([2.0])})
    assert len(measure(bad, References((bad,), bad))["privacy"].undefined) == 4
    blind = measure(FINETUNED, References((RETRAINED,), RETRAINED))["privacy"]
    assert (blind.value, len(blind.undefined)) == (None, 4)
    assert "mia_zlib does not tell the fine-tuned model from the retrained ones" in blind.undefined


def test_what_better_means():
    """Mem rises when a model breaks, so that only the retrained model's own value can be the aim."""
    assert metrics.load_metric("memorization").direction == "target"
    assert [metrics.load_metric(name).direction for name in NAMES[1:]] == ["higher"] * 3
    retrained = measure(Scores({"forget": forget([0, 1, 0], 1.0, 1.2)}))["memorization"].value
    broken = measure(Scores({"forget": forget([0, 0, 0], 30.0, 1.0)}))["memorization"].value
    assert broken > 0.99 > 0.8 > retrained


def test_utility_is_model_utility():
    scores = random_scores(2)
    measured = metrics.measure_all(scores, names=["utility", "model_utility"])
    assert measured["utility"].value == measured["model_utility"].value
    assert measured["utility"].extra["retain_rouge"] == measured["model_utility"].extra["retain_rouge"]


def test_overall():
    ours = random_scores(1)
    references = all_references(ours, answered_as(ours, random_scores(2)))
    measured = measure(ours, references)
    three = [measured[name].value for name in NAMES[:3]]
    assert measured["overall"].value == pytest.approx(3 / sum(1 / x for x in three), rel=1e-12)
    assert [measured["overall"].extra[name] for name in NAMES[:3]] == three
    assert all(measured[name].low < measured[name].value < measured[name].high for name in NAMES)
    assert measure(ours, references) == measured
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
