"""The relearning curve's columns, on scores made by hand."""

from dataclasses import replace

import numpy as np
import pytest

import metrics
from benchmark.evaluation.scores import Scores
from metrics.calibration.attacked import FAILED
from tests.metrics.factory import make_set

AUTHORS = np.repeat(np.arange(5), 4)
BASE = np.linspace(1.0, 3.0, 20)  # nats a token
KEPT = np.arange(20) % 5 != 0  # rows that the attack has not trained on
LABEL = "relearn_forget"


def rows(level, seed):
    noise = 0.02 * np.random.default_rng(seed).standard_normal(20)
    return make_set((BASE - level + noise).tolist(), authors=AUTHORS)


def model(levels, seed, label=LABEL):
    """Scores of a model that has these nats more than BASE at steps 0, 1, 2 and 4."""
    sets = {"forget": rows(levels[0], seed)}
    for step, level in zip((1, 2, 4), levels[1:], strict=True):
        sets[f"step{step}@{label}"] = rows(level, seed).take(KEPT)
    return Scores(sets | {f"forget@{label}": sets[f"step4@{label}"]}, {})


# Training teaches every model 0.1 nats a scored step; fine-tuning had taught 2.
RETRAINED = tuple(model((0.0, 0.1, 0.2, 0.3), seed) for seed in range(3))
REFERENCES = metrics.References(RETRAINED, model((2.0, 2.1, 2.0, 1.9), 9))


def measured(scores, references=REFERENCES, rows="forget"):
    made = metrics.load_metric("relearning").measure(scores, references)
    return {name: made[f"relearn_{name}_{rows}"] for name in ("excess_end", "excess_max", "half_steps")}


def test_what_training_teaches_every_model_is_no_excess():
    own = measured(model((0.0, 0.1, 0.2, 0.3), 5))
    assert own["excess_end"].value == pytest.approx(0, abs=0.02)
    assert own["excess_end"].low < 0 < own["excess_end"].high
    assert own["half_steps"].value is None and own["half_steps"].undefined == {"not within 4 steps": 1}


def test_end_maximum_and_half():
    own = measured(model((0.2, 0.9, 1.8, 0.7), 5))
    expected = {0: 0.1, 1: 0.4, 2: 0.8, 4: 0.2}
    got = own["excess_end"].extra
    assert {step: got[f"excess_{step}"] for step in expected} == pytest.approx(expected, abs=0.02)
    assert got["nats_2"] == pytest.approx(1.8 - BASE[KEPT].mean(), abs=0.02)
    assert own["excess_end"].value == got["excess_4"] and own["excess_end"].n == KEPT.sum()
    assert own["excess_max"].value == got["excess_2"] and own["excess_max"].extra["at_step"] == 2
    assert own["excess_max"].low < own["excess_max"].value < own["excess_max"].high
    assert own["half_steps"].value == 2 and own["half_steps"].low is None


def test_what_was_never_forgotten_is_back_at_step_0_and_the_maximum_is_of_a_pushed_model():
    own = measured(REFERENCES.finetuned)
    assert own["half_steps"].value == 0 and own["excess_end"].value == pytest.approx(0.8, abs=0.02)
    assert own["excess_max"].extra["at_step"] == 1


def test_the_interval_counts_authors_and_the_retrained_models_both_times():
    own = measured(model((0.2, 0.9, 1.8, 0.7), 5))["excess_end"]
    after = np.array([-m["step4@relearn_forget"].answer_nll().mean() for m in RETRAINED])
    before = np.array([-m["forget"].answer_nll()[KEPT].mean() for m in RETRAINED])
    whole = -REFERENCES.finetuned["forget"].answer_nll()[KEPT].mean() - before.mean()
    moved = (after - own.value * before).var(ddof=1) / 3
    assert own.extra["se_models"] == pytest.approx(np.sqrt(after.var(ddof=1) + moved) / whole)


def test_a_users_attack_that_is_scored_on_the_way_has_columns():
    others = metrics.References(
        tuple(model((0.0, 0.1, 0.2, 0.3), seed, "mine") for seed in range(3)), model((2.0,) * 4, 9, "mine")
    )
    assert measured(model((0.2, 0.9, 1.8, 0.7), 5, "mine"), others, "mine")["half_steps"].value == 2


OWN = model((0.2, 0.9, 1.8, 0.7), 5)
NO_STEPS = replace(OWN, sets={name: own for name, own in OWN.sets.items() if not name.startswith("step")})
FEWER = replace(RETRAINED[0], sets={name: own for name, own in RETRAINED[0].sets.items() if name[:5] != "step2"})


@pytest.mark.parametrize(
    ("scores", "references", "why"),
    [
        (Scores({"forget": OWN["forget"]}, {}), REFERENCES, "not attacked"),
        (replace(OWN, meta={FAILED: {LABEL: "no"}}), REFERENCES, "the attack failed: no"),
        (NO_STEPS, REFERENCES, "not scored along the way"),
        (OWN, metrics.References(), "no retrained model"),
        (OWN, metrics.References(RETRAINED), "no fine-tuned reference"),
        (
            OWN,
            replace(REFERENCES, retrained=(FEWER, *RETRAINED)),
            "the models that it is compared with were not scored at the same steps",
        ),
    ],
)
def test_why_there_is_none(scores, references, why):
    own = measured(scores, references)
    assert [m.undefined for m in own.values()] == [{why: 1}] * 3
    assert ("nats_4" in own["excess_end"].extra) == ("step4@relearn_forget" in scores)
