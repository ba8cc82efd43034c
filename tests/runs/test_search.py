"""The search for hyperparameters: as many trials for every method, going on where the choice lies at an end."""

import pytest

from benchmark.config.schema import Sweep
from benchmark.records.selection import Reading, Trial, choose
from benchmark.runs.search import Axis, Search

FINETUNED, BASE = Reading(0.9, 0.9, 0.8, 0.9), Reading(0.1, 0.3, 0.3, 0.1)
LR = Axis("lr", (1e-4, 3e-4, 1e-3), 1e-6, 1e-2)
WEIGHT = Axis("weight", (1.0,), 0.01, 100.0, 10.0)


def searched(enough, too_much, axes=(LR,), trials=7, by_weight=0.0):
    """All trials of a method that forgets from ``enough`` on and breaks above ``too_much``, both in its lr."""
    search, done = Search(axes, Sweep(trials=trials)), []
    while (point := search.next(done, FINETUNED, BASE)) is not None:
        lr = point["lr"] * point.get("weight", 1.0) ** by_weight
        harm = min(0.9, lr / too_much * 0.09)
        reading = Reading(0.9 - harm, 0.9, 0.8, 0.9 / (1 + 8 * lr / enough))  # at lr = enough the base model's 0.1
        done.append(Trial("m", "s", point, "ok", reading))
    return search, done, choose(done, FINETUNED, BASE)


@pytest.mark.parametrize("trials", [3, 5, 7])
@pytest.mark.parametrize("enough", [1e-5, 2e-4, 5e-3, 1.0])
@pytest.mark.parametrize("too_much", [1e-5, 1e-3, 1.0])
@pytest.mark.parametrize("axes", [(LR,), (LR, WEIGHT)])
def test_every_method_has_as_many_trials_and_none_twice(trials, enough, too_much, axes):
    _, done, _ = searched(enough, too_much, axes, trials)
    assert len(done) == trials
    assert len({tuple(sorted(t.changes.items())) for t in done}) == trials
    assert all(LR.low <= t.changes["lr"] <= LR.high for t in done)


def test_an_interior_choice_is_refined_towards_the_base_model_s_level():
    search, done, chosen = searched(enough=2e-4, too_much=5e-3)
    assert [t.changes["lr"] for t in done[:3]] == [1e-4, 3e-4, 1e-3]
    assert 1.7e-4 < chosen.changes["lr"] <= 2e-4  # 1e-4 without refinement
    assert not search.at_edge(done, chosen, BASE)


def test_it_goes_on_upwards_until_the_choice_is_interior():
    search, done, chosen = searched(enough=5e-3, too_much=1.0)
    assert [t.changes["lr"] for t in done[3:6]] == pytest.approx([3e-3, 9e-3, 5.2e-3], rel=0.01)
    assert chosen.changes["lr"] == pytest.approx(5.2e-3, rel=0.01) and not search.at_edge(done, chosen, BASE)


def test_it_goes_on_downwards_where_nothing_is_usable():
    search, done, chosen = searched(enough=1e-5, too_much=1.2e-5)
    assert [t.changes["lr"] for t in done[3:5]] == pytest.approx([3.33e-5, 1.11e-5], rel=0.01)
    assert chosen is not None and chosen.changes["lr"] < 1.2e-5


def test_a_cap_leaves_the_choice_at_the_edge():
    search, done, chosen = searched(enough=1.0, too_much=10.0)  # never forgets: the strongest is the best there is
    assert max(t.changes["lr"] for t in done) <= LR.high and search.at_edge(done, chosen, BASE)


def test_the_second_constant_is_tried_once_the_first_is_interior():
    _, done, _ = searched(enough=2e-4, too_much=5e-3, axes=(LR, WEIGHT))
    weights = [t.changes.get("weight") for t in done]
    assert weights[:3] == [None] * 3
    assert {w for w in weights if w} >= {10.0, 0.1}
    assert all(t.changes["lr"] in (1e-4, 1.73e-4) for t in done if "weight" in t.changes)  # the choices so far


def test_settings_can_be_typed():
    _, done, _ = searched(enough=1e-5, too_much=1.2e-5)
    assert all(len(f"{t.changes['lr']:.10g}".strip("0.").replace(".", "").split("e")[0]) <= 3 for t in done)
