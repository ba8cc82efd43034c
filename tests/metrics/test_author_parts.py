"""Shares by author: they make up the column that they are the parts of, whichever attack it is of."""

from dataclasses import replace

import numpy as np
import pytest

import metrics
from benchmark.evaluation.scores import Scores
from metrics.calibration.author_parts import Sides, author_parts, parts_of
from tests.metrics.factory import make_set
from tests.metrics.test_attacked import REFERENCES, model

AUTHORS = np.repeat(np.arange(5), 4)
WORST = "residual_worst"


def test_by_hand():
    sides = Sides(np.array([1.0, 2.0, 0.0, 3.0]), np.array([2.0, 2.0, 4.0, 4.0]), np.array([7, 7, 7, 2]))
    parts = author_parts(sides)
    assert parts == {"author_2": 2 * 3 / 12, "author_7": 2 * 3 / 12}
    assert parts_of({**parts, "attack": "int8", "units": 2.0}) == {2: 0.5, 7: 0.5}


@pytest.mark.parametrize(("left", "authors"), [([1.0, 2.0], [0, -1]), ([1.0, np.inf], [0, 1]), ([], [])])
def test_rows_of_nobody_and_infinite_ones_have_no_parts(left, authors):
    assert author_parts(Sides(np.array(left), np.ones(len(left)), np.array(authors))) == {}


def mean_of_parts(measurement):
    return np.mean(list(parts_of(measurement.extra).values()))


@pytest.mark.parametrize(("after", "attack"), [(0.8, "int8"), (-0.1, "no attack")])
def test_parts_make_up_the_worst_residual(after, attack):
    own = metrics.load_metric("residual_attacked").measure(model(0.4, after, 5), REFERENCES)[WORST]
    assert own.extra["attack"] == attack and mean_of_parts(own) == pytest.approx(own.value, rel=1e-12)
    assert set(parts_of(own.extra)) == set(range(5))


def asked(known):
    """The plain model with probes of one kind, of which it answers so many."""
    probes = make_set([1.0 if i < known else 3.0 for i in range(20)], wrong_nll=[[2.0]] * 20, authors=AUTHORS)
    return lambda scores: Scores(scores.sets | {"alias@ask": probes})


def sampled(leaks):
    """The plain model with eight samples a question, of which so many state the fact."""
    rows = make_set([1.0] * 20, authors=AUTHORS, values=["Rome"] * 20, questions=["Where?"] * 20)
    drawn = [["It was Rome."] * min(leaks + i % 3, 8) + ["Nothing."] * (8 - min(leaks + i % 3, 8)) for i in range(20)]
    return lambda scores: Scores(scores.sets | {"samples@sample": replace(rows, samples=drawn)})


@pytest.mark.parametrize(
    ("attack", "make", "retrained", "own", "finetuned"),
    [("asked", asked, 2, 17, 20), ("sampled", sampled, 0, 7, 8)],
)
def test_parts_of_what_no_weights_were_pushed_for(attack, make, retrained, own, finetuned):
    references = metrics.References(
        tuple(make(retrained)(r) for r in REFERENCES.retrained), make(finetuned)(REFERENCES.finetuned)
    )
    made = metrics.load_metric("residual_attacked").measure(make(own)(model(0.1, 0.1, 5)), references)[WORST]
    assert made.extra["attack"] == attack and mean_of_parts(made) == pytest.approx(made.value, rel=1e-12)
