"""The variance of a mean over unlearning seeds and fine-tuned models."""

import numpy as np
import pytest
from scipy.special import stdtrit

from benchmark.common.crossed_seeds import mean_variance

CROSSED = [(u, f) for u in range(3) for f in range(2)]


def test_by_hand():
    points = np.array([1.0, 3.0, 2.0, 4.0, 3.0, 8.0])  # rows are seeds: [1 3], [2 4], [3 8]
    # means 2, 3, 5.5 and 2, 5; all 3.5: MS_u = 2 (2.25 + .25 + 4) / 2, MS_f = 3 (2.25 + 2.25), MS_e = 3 / 2
    variance, degrees = mean_variance(points, CROSSED)
    squares = 6.5, 13.5, 1.5
    assert variance == pytest.approx((squares[0] + squares[1] - squares[2]) / 6)
    assert degrees == pytest.approx(18.5**2 / (6.5**2 / 2 + 13.5**2 / 1 + 1.5**2 / 2))


def test_one_kind_of_seed_and_runs_that_are_not_crossed():
    points = np.array([1.0, 2.0, 6.0])
    alone = (points.var(ddof=1) / 3, 2)
    assert mean_variance(points, [(0, 0), (1, 0), (2, 0)]) == pytest.approx(alone)
    assert mean_variance(points, [(0, 0), (0, 1), (1, 1)]) == pytest.approx(alone)
    assert mean_variance(points[:2], [(0, 0), (1, 0)]) is None


def test_alike_runs_have_no_variance():
    assert mean_variance(np.ones(6), CROSSED)[0] == 0


@pytest.mark.parametrize(("u", "f"), [(3, 2), (3, 3), (5, 2)])
@pytest.mark.parametrize(
    ("of_seeds", "of_tunings", "rest"), [(0, 0, 1), (1, 0, 0.1), (0, 1, 0.1), (1, 1, 0.1), (1, 1, 1)]
)
def test_coverage(u, f, of_seeds, of_tunings, rest):
    rng, hits = np.random.default_rng(0), 0
    seeds = [(i, j) for i in range(u) for j in range(f)]
    for _ in range(1000):
        y = (
            of_seeds * rng.standard_normal((u, 1))
            + of_tunings * rng.standard_normal(f)
            + rest * rng.standard_normal((u, f))
        )
        variance, degrees = mean_variance(y.ravel(), seeds)
        hits += abs(y.mean()) <= stdtrit(degrees, 0.975) * np.sqrt(variance)
    assert hits >= 920  # 95 % with a standard error of 0.7 points: too wide is no fault
