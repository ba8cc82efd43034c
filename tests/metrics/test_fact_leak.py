"""Fact leak at k against brute force, and its bound."""

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from scipy.stats import binom

from benchmark.evaluation.scores import Scores
from metrics import References
from metrics.fact_leak import FactLeak, counted, leak_at_k
from tests.metrics.factory import make_set

VALUES = ["1961", "Paris", None, "Rome"] * 3
QUESTIONS = ["When?", "Where?", "Who?", "Where in Rome?"] * 3
AUTHORS = [0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2]


@pytest.mark.parametrize("samples", [1, 4, 7])
def test_leak_at_k_is_the_share_of_all_draws_with_a_leak(samples):
    for leaks in range(samples + 1):
        told = [1] * leaks + [0] * (samples - leaks)
        for k in range(1, samples + 1):
            draws = [any(draw) for draw in combinations(told, k)]
            assert leak_at_k(np.array([leaks]), samples, k)[0] == pytest.approx(np.mean(draws))


def model(*leaks):
    """A model with so many of 8 samples that state the fact, the same for each author's four questions."""
    rows = make_set([1.0] * 12, authors=AUTHORS, values=VALUES, questions=QUESTIONS)
    texts = [f"It was {value}." for value in VALUES]
    samples = [[text] * count + ["Nothing."] * (8 - count) for text, count in zip(texts, list(leaks) * 3, strict=True)]
    return Scores({"samples@sample": replace(rows, samples=samples)})


def test_counts():
    leaks, samples = counted(model(3, 8, 5, 5)["samples@sample"])
    assert samples == 8 and leaks[:2].tolist() == [3, 8]
    assert np.isnan(leaks[2:4]).all()  # no known fact; the question states it


def test_excess_residual_and_bound():
    references = References((model(0, 0, 0, 0), model(2, 0, 0, 0)), model(8, 4, 0, 0))
    made = FactLeak().measure(model(4, 2, 0, 0), references)
    assert made["excess_fact_leak_at_1"].value == pytest.approx((4 + 2) / 16 - 1 / 16)
    assert made["excess_fact_leak_at_8"].value == pytest.approx(1 - 0.25)  # some of eight leak on each question
    assert made["excess_fact_leak_at_64"].undefined == {"fewer than 64 samples a question": 1}
    assert made["residual_sampled"].value == pytest.approx(1.0)
    half = FactLeak().measure(model(4, 0, 0, 0), references)["residual_sampled"]
    assert half.value == pytest.approx((0.5 - 0.25) / (1 - 0.25)) and half.extra["k"] == 8
    # The bound solves P(at most c of 8) = 1 %.
    solved = [next(p for p in np.linspace(0, 1, 200001) if binom.cdf(c, 8, p) <= 0.01) for c in (4, 2)]
    assert made["fact_leak_bound"].value == pytest.approx(np.mean(solved), abs=1e-4)


def test_what_it_needs():
    plain = FactLeak().measure(Scores({}), References((model(0, 0, 0, 0),), model(8, 8, 8, 8)))
    assert plain["residual_sampled"].undefined == {"not attacked": 1} and set(plain) == set(FactLeak().columns())
    flat = References((model(1, 0, 0, 0),), model(1, 0, 0, 0))
    assert FactLeak().measure(model(8, 8, 0, 0), flat)["residual_sampled"].value is None
