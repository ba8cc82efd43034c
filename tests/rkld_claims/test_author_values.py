"""What is compared of two models, by author."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import ttest_1samp, ttest_ind

from benchmark.evaluation.scores import Scores
from benchmark.rkld_claims.author_values import (
    DISTANCE,
    ByAuthor,
    Values,
    author_differences,
    forget_values,
    utility_values,
)
from benchmark.rkld_claims.comparisons import _number
from metrics.model_utility import ModelUtility
from tests.metrics.factory import forget_scores, make_set, random_scores


def parts_of(scores, sets=ModelUtility.sets):
    """[n, 3] of each set, worked out by the metrics."""
    return {s: np.column_stack([p.transform(s, p.values(s, scores[s])[0]) for p in ModelUtility.parts]) for s in sets}


def utility(parts):
    means = np.concatenate([np.nanmean(values, axis=0) for values in parts.values()])
    return len(means) / np.sum(1 / means)


def test_parts_of_utility_add_up_to_it():
    scores = random_scores(0)
    values = utility_values(scores)
    assert values.rows.mean() == pytest.approx(utility(parts_of(scores)))
    assert values.by_author().fewest == 4 and len(values.rows) == 4 + 5 + 5  # authors of 20 rows each


def test_parts_of_utility_spread_as_the_utility_does():
    # Leaving out an author changes the utility by about its part: the jackknife's variance, each set's authors in turn.
    scores = random_scores(1, (20, 400, 400, 400))
    parts, variance = parts_of(scores), 0.0
    for name in ModelUtility.sets:
        authors = scores[name].authors
        count = len(set(authors))
        without = np.array([utility(parts | {name: parts[name][authors != a]}) for a in range(count)])
        variance += (count - 1) / count * np.sum((without - without.mean()) ** 2)
    assert utility_values(scores).by_author().standard_error ** 2 == pytest.approx(variance, rel=0.1)


def test_a_mean_of_zero_makes_utility_zero_and_an_undefined_one_makes_it_undefined():
    scores = random_scores(2)
    silent = replace(scores["retain"], generated=[""] * len(scores["retain"]))
    assert not utility_values(Scores(scores.sets | {"retain": silent})).rows.any()
    no_paraphrase = replace(scores["retain"], paraphrases=[None] * len(scores["retain"]))
    assert utility_values(Scores(scores.sets | {"retain": no_paraphrase})) is None


def test_distance_is_the_mean_over_retrained_models_where_all_are_defined():
    rows = forget_scores([1.0, 2.0, 5.0], [0, 0, 1])["forget"]
    retrained = [forget_scores(x)["forget"] for x in ([0.0, 4.0, 5.0], [3.0, 4.0, 6.0])]
    values = forget_values(rows, retrained)[DISTANCE]
    assert values.rows == pytest.approx([1.5, 2, 0.5])
    assert values.by_author().values == pytest.approx([1.75, 0.5])
    lacking = replace(retrained[0], paraphrases=[None, *retrained[0].paraphrases[1:]])
    assert forget_values(rows, [lacking, retrained[1]])[DISTANCE].by_author().values == pytest.approx([2, 0.5])
    assert DISTANCE not in forget_values(rows, [])


def test_differences_are_means_of_rows_that_both_define():
    nan = float("nan")
    authors = np.array([0, 0, 1, 2])
    first = Values(np.array([3.0, 9.0, 5.0, nan]), authors, np.zeros(4, dtype=int))
    second = replace(first, rows=np.array([1.0, nan, 4.0, 2.0]))
    assert author_differences(first, second).values == pytest.approx([2, 1])  # the third author has no such row
    assert author_differences(first, second, 0.5).values == pytest.approx([2.5, 3])


def test_rows_of_nobody_are_an_author_each():
    rows = make_set([1.0] * 4, authors=[7, -1, 7, -1])
    values = forget_values(rows, [])["forget_probability"]
    assert values.by_author().fewest == len(values.by_author().values) == 3


def test_degrees_of_freedom_are_those_of_the_sets_that_vary():
    rng = np.random.default_rng(4)
    few, many = rng.normal(0, 1, 4), rng.normal(0, 1, 60)
    sets = np.repeat([0, 1], [4, 60])
    assert ByAuthor(few, np.zeros(4, dtype=int)).degrees == pytest.approx(3)
    assert ByAuthor(np.append(few, np.ones(60)), sets).degrees == pytest.approx(3)
    assert ByAuthor(np.append(np.ones(4), many), sets).degrees == pytest.approx(59)
    # An author's part is 64 / G_s times its value, so that the mean over all 64 is the sum of two means: Welch's test.
    parts = np.append(few * 64 / 4, many * 64 / 60)
    welch = ttest_ind(few, many, equal_var=False)
    assert ByAuthor(parts, sets).degrees == pytest.approx(welch.df)
    assert ByAuthor(parts, sets).standard_error == pytest.approx((few.mean() - many.mean()) / welch.statistic)


def test_an_interval_of_several_sets_does_not_count_what_sets_them_apart():
    rng = np.random.default_rng(5)
    sets, values = np.repeat([0, 1], [4, 60]), rng.normal(0, 0.1, 64)
    spread = [ByAuthor(values + apart * sets, sets).standard_error for apart in (0, 50)]
    assert spread[0] == pytest.approx(spread[1])
    first = Values(values + 50 * sets, np.arange(64), sets)
    number = _number(1.0, 0.0, first, replace(first, rows=np.zeros(64)), "")
    assert number.high - number.low < 0.2 < ttest_1samp(first.rows, 0).confidence_interval().high - first.rows.mean()
