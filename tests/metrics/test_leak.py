"""Verbatim leak@k against arithmetic, against exact rationals, and against real sampling."""

import math
from decimal import Decimal, localcontext
from itertools import pairwise

import numpy as np
import pytest

import metrics
from benchmark.evaluation.scores import Scores
from metrics import References
from metrics.verbatim_leak_at_k import leak
from tests.metrics.factory import empty_answer, make_set, tokens


def measure(rows, other=None):
    references = References(() if other is None else (Scores({"forget": other}),))
    names = ["verbatim_leak_at_k", "excess_verbatim_leak_at_k"]
    return metrics.measure_all(Scores({"forget": rows}), references, names=names)


def test_by_hand():
    # q = 1/2 * 1/2 * 1/4 = 1/16, the closing EOS (1/4) included; q of the other row 0.9 * 0.5 = 0.45
    m = measure(make_set([tokens([0.5, 0.5, 0.25]), tokens([0.9, 0.5])]))["forget_verbatim_leak_at_k"]
    assert m.per_example == pytest.approx([1 - (15 / 16) ** 100, 1 - 0.55**100], rel=1e-13)
    assert m.extra["verbatim_leak_at_1"] == pytest.approx((1 / 16 + 0.45) / 2, rel=1e-14)
    assert m.extra["verbatim_leak_at_10"] == pytest.approx((1 - (15 / 16) ** 10 + 1 - 0.55**10) / 2, rel=1e-14)
    assert m.extra["k"] == 100


@pytest.mark.parametrize(("q", "value"), [(1.0, 1.0), (0.0, 0.0)])
def test_extremes(q, value):
    assert measure(make_set([tokens([q])]))["forget_verbatim_leak_at_k"].value == value


@pytest.mark.parametrize("log_q", [-1e-9, -1e-4, -0.1, -0.69, -0.7, -5.0, -40.0, -200.0, -600.0])
@pytest.mark.parametrize("k", [1, 10, 100])
def test_digits_are_kept(log_q, k):
    with localcontext() as context:
        context.prec = 700
        exact = 1 - (1 - Decimal(log_q).exp()) ** k
    assert leak(np.array([log_q]), k)[0] == pytest.approx(float(exact), rel=1e-12, abs=0)


def test_grows_with_k_and_q():
    log_q = -np.geomspace(1e-6, 600, 50)
    values = [leak(log_q, k) for k in (1, 2, 10, 100)]
    assert all((np.diff(v) <= 0).all() for v in values)
    assert all((a <= b).all() for a, b in pairwise(values))


def test_collapsed_model_of_forty_nats_a_token():
    # ten tokens of e^-40: q = e^-400, leak@100 = 100 q
    m = measure(make_set([tokens([math.exp(-40)] * 10)]))["forget_verbatim_leak_at_k"]
    assert m.value == pytest.approx(100 * math.exp(-400), rel=1e-9, abs=0)


@pytest.mark.parametrize("gold", [[2, 0, 4], [1, 4], [4], [0, 2, 1, 4]])
def test_against_sampling(gold):
    """A small autoregressive model: the next token's distribution depends on the token before; 4 is EOS."""
    rng = np.random.default_rng(7)
    k, trials = 10, 20_000
    p = rng.dirichlet(np.ones(5), size=5)  # [before, next]
    steps = list(zip([3, *gold], gold, strict=False))  # the prompt ends in token 3
    for before, token in steps:  # make the gold answer likely enough to be seen
        p[before, token] += 0.6
    p /= p.sum(axis=1, keepdims=True)
    row = tokens([p[step] for step in steps])

    hit = np.ones((trials, k), dtype=bool)
    before = np.full((trials, k), 3)
    for token in gold:  # one wrong token and the answer is another one
        sampled = (rng.random((trials, k, 1)) > np.cumsum(p, axis=1)[before]).sum(axis=-1)
        hit &= sampled == token
        before = sampled
    share = hit.any(axis=1).mean()

    m = measure(make_set([row]))["forget_verbatim_leak_at_k"]
    expected = m.extra["verbatim_leak_at_10"]
    assert 0.05 < expected < 0.999
    assert share == pytest.approx(expected, abs=4 * math.sqrt(expected * (1 - expected) / trials))


def test_excess_is_the_difference_row_by_row():
    ours = make_set([tokens([0.5]), tokens([0.01]), tokens([0.2])])
    theirs = make_set([tokens([0.01]), tokens([0.01]), empty_answer()])
    m = measure(ours, theirs)["forget_excess_verbatim_leak_at_k"]
    first = (1 - 0.5**100) - (1 - 0.99**100)
    assert m.per_example[:2] == pytest.approx([first, 0.0]) and np.isnan(m.per_example[2])
    assert m.value == pytest.approx(first / 2, rel=1e-13)
    assert m.extra["excess_verbatim_leak_at_1"] == pytest.approx(0.245)
    assert m.undefined == {"retrained reference: gold answer without tokens": 1}


def test_excess_of_the_retrained_model_itself_is_zero():
    rows = make_set([tokens([0.5]), tokens([0.1])])
    assert measure(rows, rows)["forget_excess_verbatim_leak_at_k"].value == 0.0
    assert measure(rows)["forget_excess_verbatim_leak_at_k"].undefined == {"no retrained reference": 1}
    less = measure(make_set([tokens([0.0])]), make_set([tokens([1.0])]))["forget_excess_verbatim_leak_at_k"]
    assert less.value == -1.0


def test_excess_refuses_other_rows():
    with pytest.raises(ValueError, match="not scored on the same forget questions"):
        measure(make_set([1.0]), make_set([1.0, 2.0]))
