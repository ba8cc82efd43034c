"""Metrics through the ``evaluate`` library, offline, give what ``measure`` gives."""

import subprocess
import sys

import numpy as np
import pytest

import metrics
from benchmark.evaluation.scores import AnswerScores, Scores
from metrics import References
from metrics._evaluate import token_rows
from metrics.forget_quality import compute as forget_quality
from metrics.model_utility import compute as model_utility
from tests.conftest import ROOT
from tests.metrics.evaluate_cards import run_cards
from tests.metrics.factory import make_set

rng = np.random.default_rng(0)
NLL = rng.gamma(4, 0.5, 6).tolist()
WRONG = rng.gamma(4, 0.7, (6, 3)).tolist()
GOLD = ["He was born in Paris.", "It is a red house", "A nurse", "", "one two three", "Rivers"]
SAID = ["born in Paris", "a house", "", "something", "one three", "the river"]
IDS = [[5, 7, 7, 2], [1, 2], [2], [9, 9, 9, 9, 2], [4, 2], [8, 8, 2]]
ARGMAX = [[5, 6, 7, 2], [1, 0], [2], [9, 9, 9, 9, 0], [3, 2], [8, 7, 2]]
RATIOS = rng.gamma(2, 1, (2, 20)).tolist()
NINE = rng.uniform(0.1, 0.9, 9).tolist()
SETS = list(metrics.SETS)


def calls():
    all_calls = {}
    for s in SETS:
        nlls = {"predictions": NLL, "references": WRONG, "set_name": s}
        all_calls[f"probability {s}"] = ("probability", nlls)
        all_calls[f"truth_ratio {s}"] = ("truth_ratio", nlls)
    all_calls["no wrong answers"] = ("probability", {"predictions": NLL, "references": [[] for _ in NLL]})
    all_calls["rouge"] = ("rouge", {"predictions": SAID, "references": GOLD})
    for name in ("exact_memorization", "extraction_strength"):
        all_calls[name] = (name, {"predictions": ARGMAX, "references": IDS})
    all_calls["forget_quality"] = ("forget_quality", {"predictions": RATIOS[0], "references": RATIOS[1]})
    all_calls["model_utility"] = ("model_utility", {"predictions": NINE})
    return all_calls


@pytest.fixture(scope="module")
def through_evaluate(tmp_path_factory):
    return run_cards(calls(), tmp_path_factory.mktemp("evaluate"))


def measured(name, set_name="forget"):
    is_greedy = [np.array(a) == np.array(b) for a, b in zip(ARGMAX, IDS, strict=True)]
    if name in ("exact_memorization", "extraction_strength"):
        answers = [AnswerScores(np.zeros(len(h)), h, np.zeros(len(h)), np.zeros(len(h))) for h in is_greedy]
    else:
        answers = NLL
    rows = make_set(answers, NLL, WRONG, gold=GOLD, generated=SAID)
    return metrics.measure_all(Scores({set_name: rows}), names=[name])[f"{set_name}_{name}"]


@pytest.mark.parametrize(
    ("label", "name", "set_name"),
    [(f"{m} {s}", m, s) for m in ("probability", "truth_ratio") for s in SETS]
    + [(m, m, "forget") for m in ("rouge", "exact_memorization", "extraction_strength")],
)
def test_equal_to_measure(through_evaluate, label, name, set_name):
    got, m = through_evaluate[0][label], measured(name, set_name)
    assert got[name] == m.value and got["n"] == m.n and got["undefined"] == m.undefined
    each = metrics.load_metric(name).transform(set_name, m.per_example)
    assert got["per_example"] == [None if np.isnan(x) else x for x in each]
    assert m.value is not None and 0 < m.value < 1


def test_forget_quality(through_evaluate):
    from scipy.stats import ks_2samp

    got, expected = through_evaluate[0]["forget_quality"], ks_2samp(*RATIOS)
    assert (got["forget_quality"], got["ks_statistic"]) == (expected.pvalue, expected.statistic)
    assert (got["n"], got["n_reference"]) == (20, 20)
    # and measure, on rows whose truth ratios are those
    sides = [make_set([1.0] * 20, [9 + np.log(x) for x in side], [[9.0]] * 20) for side in RATIOS]
    ours, retrained = (Scores({"forget": rows}) for rows in sides)
    m = metrics.measure_all(ours, References((retrained,)), names=["forget_quality"])["forget_quality"]
    assert got["forget_quality"] == pytest.approx(m.value, rel=1e-12)


def test_model_utility(through_evaluate):
    expected = 9 / sum(1 / x for x in NINE)
    assert through_evaluate[0]["model_utility"]["model_utility"] == pytest.approx(expected, rel=1e-14)


def test_without_wrong_answers_probability_is_that_of_the_answer(through_evaluate):
    got = through_evaluate[0]["no wrong answers"]
    assert got["per_example"] == pytest.approx(np.exp(-np.array(NLL)))


def test_cards(through_evaluate):
    for name, (description, inputs, citation, card_name) in through_evaluate[1].items():
        assert description.startswith(metrics.describe([name])[0]["title"]) and "Unit: " in description
        assert "predictions: " in inputs and "Returns:" in inputs
        assert citation and card_name == name


def test_wrong_inputs_are_refused():
    with pytest.raises(ValueError, match="row 1 has 1 predicted and 2 gold tokens"):
        token_rows([[1], [1]], [[1], [1, 2]])
    with pytest.raises(ValueError, match="8 numbers; give the nine"):
        model_utility([0.5] * 8)


def test_undefined_is_none():
    assert model_utility([0.5] * 8 + [None])["model_utility"] is None
    assert model_utility([0.5] * 8 + [0.0])["model_utility"] == 0.0
    assert forget_quality([float("nan")], [1.0])["forget_quality"] is None


def test_registry_does_not_import_evaluate():
    code = "import sys, metrics; metrics.describe(); print('evaluate' in sys.modules, 'datasets' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False False"
