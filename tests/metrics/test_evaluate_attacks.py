"""Membership attacks through the ``evaluate`` library, offline, give what ``measure`` gives, from plain inputs."""

import numpy as np
import pytest

import metrics
from benchmark.evaluation.scores import Scores
from metrics import References
from metrics._evaluate_attacks import auc_of
from metrics.mia_loss import MiaLoss
from metrics.mia_min_k_plus_plus import MiaMinKPlusPlus
from tests.metrics.evaluate_cards import run_cards
from tests.metrics.factory import make_set, tokens

rng = np.random.default_rng(0)
TEXTS = ["He was born in Paris.", "It is a red house", "A nurse", "", "one two three", "Rivers " * 30, "Ana"] * 2
IS_FORGET = [1, 0, 1, 1, 0, 0, 1, 0, 1, 1, 1, 0, 0, 1]
LOGPROBS = [(-rng.gamma(1, 1, length)).tolist() for length in (4, 1, 7, 5, 10, 2, 1, 3, 6, 8, 9, 2, 12, 20)]
MEANS = [(-3 - rng.random(len(row))).tolist() for row in LOGPROBS]
STDS = [(1 + rng.random(len(row))).tolist() for row in LOGPROBS]
NLL = [-float(np.mean(row)) for row in LOGPROBS]
RETRAINED = rng.gamma(4, 0.3, len(NLL)).tolist()
GIVEN = {
    "mia_loss": {"predictions": NLL},
    "mia_zlib": {"predictions": NLL, "texts": TEXTS},
    "mia_reference": {"predictions": NLL, "retrained": RETRAINED},
    "mia_min_k": {"predictions": LOGPROBS},
    "mia_min_k_plus_plus": {"predictions": LOGPROBS, "means": MEANS, "stds": STDS},
}


@pytest.fixture(scope="module")
def through_evaluate(tmp_path_factory):
    calls = {name: (name, given | {"references": IS_FORGET}) for name, given in GIVEN.items()}
    calls["no held-out row"] = ("mia_loss", {"predictions": [1.0, 2.0], "references": [1, 1]})
    calls["nll of None"] = ("mia_loss", {"predictions": [1.0, None, 2.0], "references": [1, 1, 0]})
    calls["no tokens"] = ("mia_min_k", {"predictions": [[-1.0], [], [-2.0]], "references": [1, 0, 0]})
    return run_cards(calls, tmp_path_factory.mktemp("evaluate"))


def sides(answers):
    def side(label):
        chosen = [i for i, of_forget in enumerate(IS_FORGET) if of_forget == label]
        return make_set([answers[i] for i in chosen], gold=[TEXTS[i] for i in chosen])

    return Scores({"forget": side(1), "holdout": side(0)})


@pytest.mark.parametrize("name", GIVEN)
def test_equal_to_measure(through_evaluate, name):
    answers = [tokens(np.exp(row), mean=m, std=s) for row, m, s in zip(LOGPROBS, MEANS, STDS, strict=True)]
    references = References(retrained=(sides(RETRAINED),))
    m = metrics.measure_all(sides(answers), references, names=[name])[name]
    got = through_evaluate[0][name]
    assert 0 < m.value < 1 and m.value != 0.5
    assert (got[name], got["undefined"]) == (pytest.approx(m.value, rel=1e-12), m.undefined)
    assert [got[key] for key in ("signed", "n_forget", "n_holdout")] == [
        pytest.approx(m.extra[key]) for key in ("signed", "n_forget", "n_holdout")
    ]


def test_undefined_rows_are_none_and_counted(through_evaluate):
    got = through_evaluate[0]["no held-out row"]
    assert (got["mia_loss"], got["signed"], got["n_forget"], got["n_holdout"]) == (None, None, 2, 0)
    got = through_evaluate[0]["nll of None"]
    assert (got["mia_loss"], got["n_forget"]) == (1.0, 1)
    assert got["undefined"] == {"forget: gold answer: log-likelihood is NaN or above 0": 1}
    got = through_evaluate[0]["no tokens"]
    assert (got["mia_min_k"], got["undefined"]) == (1.0, {"holdout: gold answer without tokens": 1})


@pytest.mark.parametrize("name", GIVEN)
def test_card_says_what_is_given(through_evaluate, name):
    description, inputs, citation, card_name = through_evaluate[1][name]
    assert description.startswith(metrics.describe([name])[0]["title"]) and citation and card_name == name
    assert "references: 1 for each forget row" in inputs and "Returns:" in inputs
    names = ", ".join(key for key in GIVEN[name] if key in ("means", "stds")) or [*GIVEN[name]][-1]
    assert f"    {names}: " in inputs


def test_wrong_inputs_are_refused():
    with pytest.raises(ValueError, match="references has 2; give 1 for a forget row and 0 for a held-out row"):
        auc_of(MiaLoss)([1.0, 2.0], [1, 2])
    with pytest.raises(ValueError, match="row 1 has 2 log-probabilities; give as many means and stds"):
        auc_of(MiaMinKPlusPlus)([[-1.0], [-1.0, -2.0]], [1, 0], means=[[-2.0], [-2.0]], stds=[[1.0], [1.0, 1.0]])
