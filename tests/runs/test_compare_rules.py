"""Rules of choice, judged by what no rule may read."""

import pytest

from benchmark.records.selection import Reading, Trial
from benchmark.runs.compare_rules import (
    Group,
    Judged,
    _row,
    beside,
    best_quality,
    farthest,
    gentlest,
    lowest,
    nearest,
    present,
)
from benchmark.runs.rule_agreement import agreement

FINETUNED, BASE = Reading(0.9, 0.9, 0.8, 0.9), Reading(0.1, 0.3, 0.3, 0.1)


def judged(forget, retain, log10_quality, distance, kept=0.95, utility=0.8, status="ok"):
    return Judged(Trial("m", "s", {}, status, Reading(retain, 0.9, utility, forget)), log10_quality, distance, kept)


@pytest.mark.parametrize(
    ("rule", "expected"),
    [(lowest, 2), (gentlest, 1), (farthest, 0), (present, 1), (beside, 1), (best_quality, 0), (nearest, 2)],
)
def test_what_each_rule_takes(rule, expected):
    trials = [
        judged(0.3, 0.89, -0.1, 6.0),  # too little forgotten to be chosen, and yet the best by the judge
        judged(0.09, 0.88, -0.5, 5.0),
        judged(0.01, 0.85, -3.0, 4.0),
        judged(0.0, 0.2, 0.0, 3.0, kept=0.3, utility=0.3),  # wrecked
    ]
    assert rule(Group("m", trials, FINETUNED, BASE)) is trials[expected]


def test_where_everything_is_wrecked():
    wrecked = [judged(0.0, 0.2, 0.0, 2.0, 0.3, 0.3), judged(0.0, 0.2, -1.0, 2.0, 0.5, 0.5)]
    group = Group("m", wrecked, FINETUNED, BASE)
    assert [rule(group) for rule in (lowest, gentlest, farthest, present, beside, best_quality, nearest)] == [
        wrecked[1],
        *[None] * 6,
    ]


def test_a_rule_that_has_no_oracle_beside_it_has_dashes():
    group = Group("m", [judged(0.0, 0.2, 0.0, 2.0, 0.3, 0.3)], FINETUNED, BASE)
    assert _row("lowest", [(group.trials[0], group, (None, None))])[3:9] == ["–"] * 6
    assert _row("present", [(None, group, (None, None))])[1] == "0"


def test_a_rule_that_takes_noise_orders_two_sweeps_differently():
    def sweep(methods, steady, noise, retain=0.88):
        trials = [[judged(0.2, retain, -x, x), judged(0.3, 0.85, -y, y)] for x, y in zip(steady, noise, strict=True)]
        return [Group(method, own, FINETUNED, BASE) for method, own in zip(methods, trials, strict=True)]

    rules = {"steady": farthest, "noise": lambda group: group.trials[1]}
    one = sweep("abcd", (1.0, 2.0, 3.0, 4.0), (1.0, 2.0, 3.0, 4.0))
    table = agreement(rules, one, sweep("abce", (5.0, 6.0, 7.0, 8.0), (7.0, 6.0, 5.0, 8.0))).splitlines()
    assert table[2:] == [
        f"| {rule} | 3 | {tau} (no interval: fewer than 4 rows) | {tau} (no interval: fewer than 4 rows) |"
        for rule, tau in (("steady", "1.00"), ("noise", "-1.00"))
    ]
    costly = sweep("abc", (5.0, 6.0, 7.0), (5.0, 6.0, 7.0), retain=0.5)  # whose gentler trials alone keep enough
    assert agreement({"first": lambda group: group.trials[0]}, one, costly).splitlines()[2:] == []
