"""Residual and recovery after attacks, on scores made by hand."""

from dataclasses import replace

import numpy as np
import pytest

import metrics
from benchmark.evaluation.scores import Scores
from tests.metrics.factory import make_set

AUTHORS = np.repeat(np.arange(5), 4)
BASE = np.linspace(1.0, 3.0, 20)  # nats a token


def rows(level, seed=0):
    """A set whose gold and paraphrased answers have about ``level`` nats less than BASE; wrong answers have 3."""
    noise = 0.02 * np.random.default_rng(seed).standard_normal(20)
    nll = (BASE - level + noise).tolist()
    return make_set(nll, nll, [[3.0]] * 20, authors=AUTHORS)


def model(before, after=None, seed=0, **more):
    """Scores before and after an attack named "int8" that leaves ``after`` of the knowledge."""
    sets = {"forget": rows(before, seed)} | ({} if after is None else {"forget@int8": rows(after, seed)})
    return Scores(sets, more)


RETRAINED = tuple(model(0.0, -0.1, seed) for seed in range(3))  # the attack hurts all models by 0.1
REFERENCES = metrics.References(RETRAINED, model(1.0, 0.9, 9))


def measured(name, scores, references=REFERENCES):
    return metrics.load_metric(name).measure(scores, references)


def test_what_an_attack_does_to_all_models_alike_changes_nothing():
    own = measured("residual_attacked", model(0.3, 0.2, 5))
    assert own["residual_int8"].value == pytest.approx(0.3, abs=0.03)
    assert own["residual_int8"].low < own["residual_int8"].value < own["residual_int8"].high


def test_what_comes_back_is_seen_and_the_worst_is_named():
    own = measured("residual_attacked", model(0.1, 0.8, 5))
    assert own["residual_int8"].value == pytest.approx(0.9, abs=0.03)
    assert own["residual_worst"].value == own["residual_int8"].value and own["residual_worst"].extra["attack"] == "int8"
    calm = measured("residual_attacked", model(0.5, -0.1, 5))
    assert calm["residual_worst"].extra["attack"] == "no attack"
    assert measured("recovery", model(0.1, 0.8, 5))["recovery_int8"].value == pytest.approx(0.7 / 0.9, abs=0.03)
    assert measured("recovery", model(0.1, 0.1, 5))["recovery_int8"].value == 0.0


def test_a_users_attack_has_a_column_of_its_own():
    def renamed(scores):
        return replace(scores, sets={name.replace("int8", "mine"): own for name, own in scores.sets.items()})

    others = metrics.References(tuple(map(renamed, RETRAINED)), renamed(REFERENCES.finetuned))
    own = measured("residual_attacked", renamed(model(0.1, 0.8, 5)), others)
    assert own["residual_mine"].value == pytest.approx(0.9, abs=0.03) and own["residual_int8"].value is None
    assert own["residual_worst"].extra["attack"] == "mine"


@pytest.mark.parametrize(
    ("scores", "references", "why"),
    [
        (model(0.1), REFERENCES, "not attacked"),
        (model(0.1, attacks_failed={"int8": "MemoryError: no"}), REFERENCES, "the attack failed: MemoryError: no"),
        (
            model(0.1, 0.8),
            metrics.References(RETRAINED, model(1.0)),
            "the models that it is compared with were not attacked",
        ),
        (model(0.1, 0.8), metrics.References(), "no retrained model"),
    ],
)
def test_why_there_is_none(scores, references, why):
    own = measured("residual_attacked", scores, references)
    assert own["residual_int8"].undefined == {why: 1} and own["residual_worst"].value is None


def test_nothing_comes_back_where_nothing_was_taken():
    assert measured("recovery", model(1.0, 0.9, 9))["recovery_int8"].undefined == {"nothing was taken away": 1}
    assert (
        "no fine-tuned reference"
        in measured("recovery", model(0.1, 0.8), metrics.References())["recovery_int8"].undefined
    )
