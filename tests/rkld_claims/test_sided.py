"""Two p-values as one: by hand, as mirror images, and the errors that they promise."""

import math

import numpy as np
import pytest

from benchmark.common.paired import paired_t_p
from benchmark.rkld_claims.sided import Rule, SidedP, both, either

FOR, AGAINST = 1, -1


@pytest.mark.parametrize(
    ("first", "second", "of_both", "of_either"),
    [
        ((FOR, 0.01), (FOR, 0.04), (FOR, 0.04), (FOR, 0.02)),
        ((AGAINST, 0.01), (AGAINST, 0.04), (AGAINST, 0.02), (AGAINST, 0.04)),
        ((FOR, 0.01), (AGAINST, 0.02), (AGAINST, 0.04), (FOR, 0.02)),
        ((FOR, 0.01), (FOR, 0.9), (FOR, 0.9), (FOR, 0.02)),
        ((FOR, 0.01), (0, 1.0), (0, 1.0), (FOR, 0.02)),
        ((0, 1.0), (0, 1.0), (0, 1.0), (0, 1.0)),
    ],
)
def test_by_hand(first, second, of_both, of_either):
    a, b = SidedP(*first), SidedP(*second)
    for combine, expected in ((both, of_both), (either, of_either)):
        for outcome in (combine(a, b), combine(b, a)):
            assert outcome.p == pytest.approx(expected[1])
            assert outcome.side == expected[0] or outcome.p == 1


def test_what_counts_for_a_claim_counts_the_same_against_its_opposite():
    rng = np.random.default_rng(0)
    for _ in range(200):
        a, b = (SidedP(int(rng.choice([-1, 1])), float(rng.uniform())) for _ in range(2))
        assert either(a, b) == both(a.mirrored(), b.mirrored()).mirrored()
        for combine in (both, either):
            assert 0 <= combine(a, b).p <= 1
    rule = Rule({"a": 1, "b": -1}, either=True)
    assert rule.outcome((a, b)) == either(a, b) != Rule({"a": 1, "b": 1}).outcome((a, b))
    assert Rule({"a": 1}).outcome((a,)) == a


@pytest.mark.parametrize("combine", [both, either])
@pytest.mark.parametrize("shift", [0.0, 3.0, -3.0])
def test_neither_side_is_called_wrongly_too_often(combine, shift):
    # One difference is 0, on neither side. The other decides where it is large and one is enough.
    rng = np.random.default_rng([11, int(10 + shift)])
    worlds = 800
    outcomes = []
    for _ in range(worlds):
        data = rng.normal(0, 1, (2, 6)) + np.array([[0.0], [shift]])
        a, b = (SidedP(int(np.sign(d.mean())), paired_t_p(d)) for d in data)
        outcomes.append(combine(a, b))
    true = {(both, -3.0): AGAINST, (either, 3.0): FOR}.get((combine, shift), 0)
    wrong = np.mean([o.p <= 0.05 and o.side != true for o in outcomes])
    assert wrong <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / worlds)
    if true:
        assert np.mean([o.p <= 0.05 and o.side == true for o in outcomes]) > 0.9
