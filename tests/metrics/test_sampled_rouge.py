"""Sampled ROUGE against brute force over all draws."""

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest

from benchmark.evaluation.scores import Scores
from metrics import References
from metrics.sampled_rouge import SampledRouge, best_of, recalls
from tests.metrics.factory import make_set

GOLD = "born in the port of Rome in spring"  # eight words
PARTS = ["", "Rome", "born in Rome", "born in the port of Rome in spring"]  # 0, 1, 3 and 8 of them


def test_the_best_of_k_is_the_mean_over_all_draws():
    values = np.random.default_rng(0).random((3, 7))
    for k in range(1, 8):
        brute = [np.mean([max(draw) for draw in combinations(row, k)]) for row in values]
        assert best_of(values, k) == pytest.approx(np.array(brute))


def model(*places):
    """A model whose eight samples are so much of the gold answer, the same for the questions of all four authors."""
    rows = make_set([1.0] * 4, authors=[0, 1, 2, 3], gold=[GOLD] * 4)
    drawn = [PARTS[place] for place in places] + [""] * (8 - len(places))
    return Scores({"samples@sample": replace(rows, samples=[drawn] * 4)})


def test_recalls_and_excess():
    references = References((model(), model(1)), model(3))
    own = model(2, 3, 3)
    assert recalls(own["samples@sample"])[0].tolist() == [3 / 8, 1, 1, 0, 0, 0, 0, 0]
    made = SampledRouge().measure(own, references)
    assert made["excess_sampled_rouge_at_1"].value == pytest.approx((3 / 8 + 2) / 8 - (1 / 8) / 8 / 2)
    assert made["excess_sampled_rouge_at_8"].value == pytest.approx(1 - (1 / 8) / 2)
    assert made["excess_sampled_rouge_at_8"].extra["best"] == pytest.approx(1)
    assert made["excess_sampled_rouge_at_64"].undefined == {"fewer than 64 samples a question": 1}


def test_what_it_needs():
    made = SampledRouge().measure(Scores({}), References((model(),), model(3)))
    assert set(made) == set(SampledRouge().columns())
    assert made["excess_sampled_rouge_at_1"].undefined == {"not attacked": 1}
