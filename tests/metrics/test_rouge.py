import random

import numpy as np
import pytest
from rouge_score import rouge_scorer

from benchmark.evaluation.scores import Scores
from metrics.rouge import Rouge, rouge_l_recall
from tests.metrics.factory import make_set


@pytest.mark.parametrize(
    ("gold", "generated", "recall"),
    [
        # was born in Paris: 4 of the gold answer's 6 words
        ("The author was born in Paris.", "He was born in Paris, France", 4 / 6),
        ("Paris", "I believe that it is Paris, of course", 1.0),  # recall, not F: extra words cost nothing
        ("I believe that it is Paris", "Paris", 1 / 6),
        ("she writes novels", "he is writing a novel", 2 / 3),  # Porter: write, novel
        ("one two three", "three two one", 1 / 3),  # a subsequence keeps the order
        ("one two three", "one, TWO - three!", 1.0),
        ("one two three", "", 0.0),
        ("one two three", "...", 0.0),
        ("one two three", "four five", 0.0),
    ],
)
def test_by_hand(gold, generated, recall):
    assert rouge_l_recall(gold, generated) == pytest.approx(recall, rel=1e-14)


def test_same_as_the_plain_scorer():
    # The remembered stems and texts must change nothing.
    plain, dice = rouge_scorer.RougeScorer(["rougeL"], use_stemmer=True), random.Random(0)
    words = "running runs ran author's flies happily generalizations Ünï 1987 the of a books-booked".split()
    for _ in range(100):
        gold, generated = (" ".join(dice.choices(words, k=dice.randint(1, 12))) for _ in range(2))
        assert rouge_l_recall(gold, generated) == plain.score(gold, generated)["rougeL"].recall


def test_aggregate_and_undefined():
    rows = make_set([1.0] * 3, gold=["one two", "three", "…"], generated=["one", "three", "…"])
    m = Rouge().measure(Scores({"forget": rows}))["forget_rouge"]
    assert m.value == pytest.approx(0.75)  # (1/2 + 1) / 2
    assert (m.n, m.undefined) == (2, {"gold answer without words": 1})
    assert np.isnan(m.per_example[2])
