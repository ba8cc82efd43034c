"""Draws of mean errors: authors, seeds and fine-tuned models, each where the truth is known."""

import numpy as np
import pytest
from scipy import stats

from metrics.calibration.draws import NONE, OWN, POOLED, error_draws, p_best, seed_draws, seed_spreads
from metrics.calibration.ranks import rank_rows
from tests.metrics.factory import board

CROSSED = [(seed, model) for model in (0, 1) for seed in (0, 1, 2)]


def crossed(by_seed, by_model):
    """[6] means of runs that seeds and fine-tuned models move."""
    return np.array([by_seed[seed] + by_model[model] for seed, model in CROSSED])


def test_two_rows_are_drawn_from_the_t_distribution_of_their_paired_test():
    errors = board([0, 0.8], authors=4)
    one_sided = stats.ttest_rel(errors["a"][0], errors["b"][0], alternative="less").pvalue
    assert p_best(error_draws(errors)) == pytest.approx([1 - one_sided, one_sided], abs=0.01)
    assert 0.02 < one_sided < 0.2  # where t is not like the normal distribution
    hard = 100 * np.arange(4.0)  # authors that are hard for both
    assert rank_rows({name: e + hard for name, e in errors.items()})["a"].best == pytest.approx(1 - one_sided, abs=0.01)


def test_the_spread_of_seeds_is_a_rows_own_or_that_of_the_others():
    runs = {"a": [[1.0], [3.0]], "b": [[0.0], [0.0], [6.0]], "c": [[5.0]]}
    spreads = seed_spreads({name: np.ravel(e) for name, e in runs.items()})
    assert (spreads["a"].se, spreads["a"].degrees, spreads["a"].source) == (pytest.approx(1), 1, OWN)
    assert spreads["b"].se == pytest.approx(2)  # variance 12 of three
    assert (spreads["c"].se, spreads["c"].degrees, spreads["c"].source) == (pytest.approx(np.sqrt(26 / 3)), 3, POOLED)
    assert {r.seeds for r in rank_rows(board([0, 1])).values()} == {NONE}


def test_seeds_that_disagree_make_the_best_row_less_sure():
    calm = {name: np.repeat(e, 3, axis=0) for name, e in board([0, 1]).items()}
    shifts = np.array([[-1.0], [0], [1]])
    unsure = {name: e + shifts for name, e in calm.items()}
    assert rank_rows(calm)["a"].best > 0.99 > 0.9 > rank_rows(unsure)["a"].best > 0.5


def test_who_else_is_on_the_board_does_not_change_a_rows_draws():
    errors = board([0, 1, 2], seeds=2)
    all_three, two = error_draws(errors), error_draws({name: errors[name] for name in "ca"})
    assert two == pytest.approx(all_three[:, [2, 0]])


def test_fine_tuned_models_move_the_rows_that_share_them_together():
    means = {"a": crossed([0, 0.01, -0.01], [0, 5]), "b": 1 + crossed([0.01, 0, -0.01], [0, 5])}
    seeds = dict.fromkeys("ab", CROSSED)
    a, b = seed_draws(means, seeds).T
    assert np.abs(a).max() > 5 and np.abs(a - b).max() < 1  # t with one degree of freedom; what is common cancels
    lone = seed_draws(means).T  # taken for six independent runs
    assert np.mean(np.abs(lone[0] - lone[1]) > 1) > 0.3
    errors = {name: np.repeat(own[:, None], 5, axis=1) + np.arange(5) for name, own in means.items()}
    assert rank_rows(errors, seeds)["a"].best > 0.99 > rank_rows(errors)["a"].best


def test_crossed_runs_are_drawn_by_seed_and_by_fine_tuned_model():
    by_seed, by_model = [0.0, 3.0, 6.0], [0.0, 0.0]
    spread = seed_spreads({"a": crossed(by_seed, by_model)}, {"a": CROSSED})["a"]
    assert (spread.se, spread.degrees) == (pytest.approx(3 / np.sqrt(3)), 2)
    drawn = seed_draws({"a": crossed([0, 0, 0], [1.0, 3.0])}, {"a": CROSSED})[:, 0]
    quartiles = np.quantile(drawn, [0.25, 0.75])
    assert quartiles == pytest.approx([-1, 1], abs=0.06)  # standard error 1 times those of t with one degree of freedom


def test_two_numbers_of_a_row_are_moved_by_the_same_fine_tuned_models():
    seeds = {"a": CROSSED}
    one = seed_draws({"a": crossed([0, 0, 0], [1.0, 3.0])}, seeds)
    other = seed_draws({"a": crossed([0, 0, 0], [2.0, -2.0])}, seeds, " (other)")
    assert other == pytest.approx(-2 * one)


def test_runs_that_are_not_crossed_are_independent():
    own = np.array([1.0, 2.0, 4.0])
    assert seed_draws({"a": own}, {"a": [(0, 0), (1, 0), (0, 1)]}) == pytest.approx(seed_draws({"a": own}))
