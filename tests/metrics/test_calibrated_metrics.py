"""The calibration's columns: what a board reads of metrics/calibration, one column for each row statistic."""

from dataclasses import replace

import numpy as np
import pytest

import metrics
from benchmark.common.errors import UserError
from metrics.calibration.distance import distance
from metrics.calibration.p_retrained import adjusted_p, p_retrained
from metrics.calibration.residual import residual
from metrics.calibration.row_statistics import STATISTICS, pools, row_statistics
from tests.metrics.factory import random_scores

SIZES = (80, 5, 5, 5, 5)


def model(seed, know=0.0):
    """Scores on the same 80 forget rows of 4 authors, other numbers for each seed; ``know`` nats are added to right answers."""
    rows = random_scores(0, SIZES)["forget"]
    noise = np.random.default_rng(seed).standard_normal((2, 80)) * 0.3

    def shifted(answer, by):
        return replace(answer, logprobs=np.full(len(answer.logprobs) or 1, -3.0 + by))

    answers = [shifted(a, n + know) for a, n in zip(rows.answers, noise[0], strict=True)]
    right = [shifted(a, n + know) for a, n in zip(rows.answers, noise[1], strict=True)]
    wrong = [[shifted(a, 0.0)] for a in rows.answers]
    own = replace(rows, answers=answers, paraphrases=right, wrong=wrong, authors=np.repeat(np.arange(4), 20))
    return replace(random_scores(0, SIZES), sets={"forget": own})


RETRAINED = tuple(model(seed) for seed in range(5))
REFERENCES = metrics.References(
    RETRAINED, model(90, know=2.0), {0.1: (model(91, know=0.9),), 0.5: (model(92, know=1.4),)}
)


def measured(name, scores, references=REFERENCES):
    return metrics.load_metric(name).measure(scores, references)


def test_a_column_for_each_statistic_by_the_calibrations_functions():
    scores = model(50, know=0.5)
    z = {name: np.stack([row_statistics(r["forget"])[name] for r in RETRAINED]) for name in STATISTICS}
    u, ft = row_statistics(scores["forget"]), row_statistics(REFERENCES.finetuned["forget"])
    authors = scores["forget"].authors
    far, test, left = (measured(name, scores) for name in ("distance", "p_retrained", "residual"))
    for name in STATISTICS:
        end = "" if name == "truth_ratio" else f"_{name}"
        assert far[f"distance{end}"].value == pytest.approx(distance(u[name], z[name]).value)
        assert test[f"p_retrained{end}"].value == pytest.approx(p_retrained(u[name], z[name]).p)
        own = residual(u[name], z[name], ft[name], authors)
        assert (left[f"residual{end}"].value, left[f"residual{end}"].low) == pytest.approx((own.value, own.low))
    assert far["distance_largest"].value == max(m.value for m in far.values())
    assert test["p_retrained_all"].value == pytest.approx(min(adjusted_p(u, z).values()))
    assert test["p_retrained_all"].extra["verdict"] == "distinguishable"


def test_statistics_are_log_probabilities_and_the_log_truth_ratio():
    rows = model(1)["forget"]
    own = row_statistics(rows)
    assert own["gold"] == pytest.approx([float(np.mean(a.logprobs)) for a in rows.answers])
    assert own["paraphrase"] == pytest.approx([float(np.mean(a.logprobs)) for a in rows.paraphrases])
    assert own["truth_ratio"] == pytest.approx(-own["paraphrase"] - 3.0)  # the wrong answers have 3 nats


def test_a_held_out_retrained_model_and_what_holds_forget_rows():
    fresh, half = model(60), model(61, know=1.4)
    assert 0.5 < measured("distance", fresh)["distance"].value < 1.6 < measured("distance", half)["distance"].value
    assert measured("p_retrained", fresh)["p_retrained_all"].extra["verdict"] == "indistinguishable"
    dose = measured("dose", half)
    assert (
        dose["dose"].value == pytest.approx(0.5, abs=0.15)
        and dose["dose"].low <= dose["dose"].value <= dose["dose"].high
    )
    over = measured("dose", model(62, know=-2.0))["dose"]
    assert over.value is None and "over" in next(iter(over.undefined))


@pytest.mark.parametrize("name", ["distance", "p_retrained", "residual", "dose"])
@pytest.mark.parametrize(
    ("references", "why"),
    [
        (metrics.NO_REFERENCES, "no retrained model"),
        (metrics.References(RETRAINED[:1], REFERENCES.finetuned, REFERENCES.doses), "one retrained model"),
    ],
)
def test_one_retrained_model_is_no_yardstick(name, references, why):
    own = measured(name, model(50), references)
    assert own.keys() == metrics.load_metric(name).columns().keys()
    assert all(m.value is None and why in m.undefined for m in own.values())


def test_what_else_is_missing_is_said():
    without = metrics.References(RETRAINED)
    assert "no fine-tuned reference" in measured("residual", model(50), without)["residual"].undefined
    assert (
        measured("p_retrained", model(60), without)["p_retrained"].extra["verdict"] == "no power: no fine-tuned model"
    )
    no_doses = metrics.References(RETRAINED, REFERENCES.finetuned)
    assert "no dose models" in measured("dose", model(50, know=0.5), no_doses)["dose"].undefined
    other = replace(RETRAINED[0], sets={"forget": replace(RETRAINED[0]["forget"], questions=["?"] * 80)})
    with pytest.raises(UserError, match="same forget questions"):
        pools(model(50), metrics.References((other,)))


def test_an_impossible_answer_is_infinitely_far_and_not_a_number_of_the_board():
    scores = model(50)
    rows = scores["forget"]
    answers = [replace(rows.answers[0], logprobs=np.array([-np.inf])), *rows.answers[1:]]
    worse = replace(scores, sets={"forget": replace(rows, answers=answers)})
    far = measured("distance", worse)["distance_gold"]
    assert far.value is None and "infinitely far" in next(iter(far.undefined))
    assert measured("distance", worse)["distance_largest"].value is None
