"""Unlearning depth from scores made by hand, against the paper's formula in plain loops."""

import numpy as np
import pytest

import metrics
from benchmark.evaluation.scores import Scores
from metrics.calibration.attacked import FAILED
from metrics.depth import NO_BLOCK
from tests.metrics.factory import make_set

rng = np.random.default_rng(0)
ROWS, LAYERS = 12, 3
INTACT = rng.uniform(0.1, 0.5, ROWS)  # nll of the fact in the fine-tuned model
AUTHORS = np.repeat(np.arange(4), 3)


def model(lost, **meta):
    """Scores of a model whose patched blocks cost these nats, [L, n]."""
    sets = {"unpatched@depth": make_set(INTACT.tolist(), authors=AUTHORS)}
    for layer, own in enumerate(lost):
        sets[f"layer{layer}@depth"] = make_set((INTACT + own).tolist(), authors=AUTHORS)
    return Scores(sets, meta)


LOST = [rng.uniform(-0.1, 2.0, (LAYERS, ROWS)) for _ in range(3)]
for known in LOST:
    known[:, 5] = 0.04  # nothing of this row is known to the fine-tuned model alone
RETRAINED = metrics.References(tuple(map(model, LOST)))


def depth(lost, references=RETRAINED):
    return metrics.load_metric("depth").measure(model(lost), references)["depth"]


def plain(lost):
    """The paper's formula, row by row."""
    rows = []
    for i in range(ROWS):
        theirs = [sum(other[layer][i] for other in LOST) / 3 for layer in range(LAYERS)]
        kept = [layer for layer in range(LAYERS) if theirs[layer] > 0.05]
        if kept:
            erased = [theirs[k] * min(max(lost[k][i] / theirs[k], 0), 1) for k in kept]
            rows.append(sum(erased) / sum(theirs[k] for k in kept))
    return sum(rows) / len(rows), len(rows)


def test_against_plain_loops():
    own = rng.uniform(-0.5, 2.5, (LAYERS, ROWS))
    got, (value, rows) = depth(own), plain(own)
    assert (got.value, got.n) == (pytest.approx(value), rows) and 0.1 < value < 0.9
    assert got.undefined == {NO_BLOCK: ROWS - rows} and rows == ROWS - 1
    assert got.low < got.value < got.high and got.extra["interval"] == "authors"


def test_the_ends():
    assert depth(np.zeros((LAYERS, ROWS))).value == 0
    assert depth(np.mean(LOST, axis=0)).value == pytest.approx(1)
    assert depth(np.mean(LOST, axis=0) + 9).value == pytest.approx(1)  # deeper than retraining counts as deep
    assert 0.5 < depth(LOST[0]).value < 1  # a retrained model, cut where it lies above the mean


@pytest.mark.parametrize(
    ("scores", "references", "why"),
    [
        (Scores({}, {}), RETRAINED, "not attacked"),
        (Scores({}, {FAILED: {"depth": "no blocks"}}), RETRAINED, "the attack failed: no blocks"),
        (model(LOST[0]), metrics.References(), "no retrained model"),
        (model(LOST[0][:2]), RETRAINED, "the models that it is compared with were not attacked"),
    ],
)
def test_why_there_is_none(scores, references, why):
    assert metrics.load_metric("depth").measure(scores, references)["depth"].undefined == {why: 1}


def test_no_row_with_a_block_that_matters():
    flat = metrics.References((model(np.full((LAYERS, ROWS), 0.01)),))
    assert depth(LOST[0], flat).value is None
