"""Utility kept: the smallest share that is left of a part in which the fine-tuned model beats random answers."""

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from benchmark.evaluation.scores import Scores
from metrics import References
from metrics.model_utility import ModelUtility
from metrics.utility_kept import UtilityKept, _carried_by, _exceeds, _random, part_values
from tests.metrics.factory import answer, make_set, model_like, random_scores

LN2 = math.log(2)
SETS = ("retain", "real_authors", "world_facts")
ROWS = 60
AUTHORS = np.repeat(np.arange(4), 15)


def measure(ours, finetuned):
    return UtilityKept().measure(ours, References(finetuned=finetuned))["utility_kept"]


def model(probability=0.946, authors=AUTHORS, **changed):
    """Retain probability as given, ROUGE 1/2 and truth ratio 3/4; elsewhere 2/5 of four choices, 1/2 and 1/2."""
    texts = {
        "gold": [f"first{i} second{i}" for i in range(ROWS)],
        "generated": [f"first{i} other" for i in range(ROWS)],
        "authors": authors,
    }
    world = make_set([LN2] * ROWS, None, [[2 * LN2] * 3] * ROWS, **texts)
    retain = make_set([-math.log(probability)] * ROWS, [LN2] * ROWS, [[3 * LN2] * 3] * ROWS, **texts)
    return Scores({"retain": retain, "real_authors": world, "world_facts": world} | changed)


def mute(scores, name, rows=ROWS):
    """The first rows of that set are answered with nothing."""
    texts = [""] * rows + scores[name].generated[rows:]
    return Scores(scores.sets | {name: replace(scores[name], generated=texts)})


def test_damage_that_the_harmonic_mean_hides():
    before, after = model(0.946), model(0.664)
    m = measure(after, before)
    assert m.value == pytest.approx(0.664 / 0.946) == pytest.approx(0.70, abs=0.005)
    assert m.extra["part"] == "retain_probability"
    utility = [ModelUtility().measure(scores)["model_utility"].value for scores in (before, after)]
    assert utility[1] > 0.9 * utility[0]


def test_all_shares_are_there_and_the_smallest_is_the_value():
    m = measure(mute(model(0.9), "world_facts", 15), model())
    shares = {key.removeprefix("kept_"): x for key, x in m.extra.items() if key.startswith("kept_")}
    assert shares.keys() == {f"{s}_{part}" for s in SETS for part in ("probability", "rouge", "truth_ratio")}
    assert (m.value, m.extra["part"], m.undefined) == (0.75, "world_facts_rouge", {})
    assert shares["retain_probability"] == pytest.approx(0.9 / 0.946) and shares["retain_rouge"] == 1
    assert m.n == 3 * ROWS


def test_a_better_model_keeps_more_than_all():
    assert measure(model(0.9), model(0.45)).extra["kept_retain_probability"] == pytest.approx(2)


def test_parts_that_tell_nothing_are_left_out_and_named():
    guesses = make_set([LN2] * ROWS, None, [[LN2] * 3] * ROWS, gold=["a b"] * ROWS, authors=AUTHORS)
    before = model(world_facts=guesses)  # all texts alike, and the right answer as likely as the wrong ones
    m = measure(mute(before, "world_facts"), before)
    assert m.value == 1 and not any("world_facts" in key for key in m.extra)
    why = "the fine-tuned model does not beat random answers"
    assert m.undefined == {f"world_facts_{part}: {why}": 1 for part in ("probability", "rouge", "truth_ratio")}
    nothing = measure(*[Scores(dict.fromkeys(SETS, replace(guesses, paraphrases=guesses.answers)))] * 2)
    assert nothing.undefined == {"no part in which the fine-tuned model beats random answers": 1}


def knows(right, whole=ROWS):
    """Facts of which the model answers so many rows rightly, the others in words of their own; all else as in ``model``."""
    facts = model()["world_facts"]
    texts = [*facts.gold[:right], *[f"other{i}" for i in range(right, whole)]]
    return replace(facts, generated=texts)


def test_facts_that_few_answers_carry_are_left_out_and_named():
    """Of 49 right answers a tenth is less than the five that a sign test tells from chance; of 50 it is not."""
    for right, counts in ((49, False), (50, True)):
        before = model(world_facts=knows(right))
        m = measure(model(0.9, world_facts=knows(right - 6)), before)
        assert m.extra["part"] == ("world_facts_rouge" if counts else "retain_probability")
        assert m.value == pytest.approx(44 / 50 if counts else 0.9 / 0.946)
        few = {"world_facts_rouge: fewer than 50 answers carry it, too few to tell a loss of a tenth": 1}
        assert m.undefined == ({} if counts else few)
    # Six answers of 49, none gained: still a part of the retained rows.
    few = replace(model()["retain"], generated=knows(49).generated)
    fewer = replace(few, generated=knows(43).generated)
    assert measure(model(retain=fewer), model(retain=few)).value == pytest.approx(43 / 49)


def test_graded_values_are_carried_by_as_many_rows_as_they_are_even():
    assert _carried_by(np.array([0.3] * 7 + [np.nan])) == pytest.approx(7)
    assert _carried_by(np.array([1.0, 1.0, 0.0, 0.0])) == 2 and _carried_by(np.zeros(3)) == 0
    assert _carried_by(np.array([1.0, 0.5])) == pytest.approx(1.5**2 / 1.25)


def test_undefined():
    assert measure(model(), None).undefined == {"no fine-tuned reference": 1}
    few = Scores({name: rows for name, rows in model().sets.items() if name != "retain"})
    assert measure(few, model()).undefined == measure(model(), few).undefined == {"retain not scored": 1}
    broken = replace(model()["retain"], answers=[answer(math.nan)] * ROWS)
    assert measure(model(retain=broken), model()).undefined == {"retain_probability is undefined": 1}


def test_interval_is_the_lowest_of_all_parts():
    before = random_scores(5)
    after = model_like(before, 6, known=0.0)
    after = mute(after, "retain", 10)
    m = measure(after, before)
    limits = []
    for part, ours in part_values({name: after[name] for name in SETS}).items():
        theirs = part_values({name: before[name] for name in SETS})[part]
        authors = before[next(name for name in SETS if part.startswith(name))].authors
        without = [np.log(ours[authors != a].mean() / theirs[authors != a].mean()) for a in np.unique(authors)]
        count = len(without)
        reach = stats.t.ppf(0.975, count - 1) * math.sqrt((count - 1) * np.var(without))
        limits.append(np.exp(np.log(ours.mean() / theirs.mean()) + np.array([-reach, reach])))
    assert (m.low, m.high) == pytest.approx(tuple(np.min(limits, axis=0)))
    assert m.low < m.value <= m.high and (m.extra["interval"], m.extra["units"]) == ("authors", 4)


def test_a_constant_share_is_its_own_limits():
    before = model()
    after = Scores(
        before.sets | {"retain": replace(before["retain"], answers=[answer(0.1 + 0.004 * i) for i in range(ROWS)])}
    )
    m = measure(after, before)  # eight shares are 1 whoever leaves
    assert m.low < m.value < m.high < 1 and m.extra["part"] == "retain_probability"
    constant = measure(model(0.5), before)
    assert (constant.low, constant.extra["interval"]) == (None, "none: all authors gave the same")
    better = replace(before["retain"], answers=[answer(0.01 + 4e-4 * i) for i in range(ROWS)])
    above = measure(Scores(before.sets | {"retain": better}), before)
    assert (above.value, above.low, above.high) == (1, 1, 1)


def test_no_interval_where_one_part_has_none():
    """The part without an interval is not the smallest, and may be the worst all the same."""
    spread = model(0.5)
    spread = Scores(
        spread.sets | {"retain": replace(spread["retain"], answers=[answer(0.5 + 0.004 * i) for i in range(ROWS)])}
    )
    assert measure(spread, model()).low is not None
    few = replace(spread["real_authors"], authors=np.repeat(np.arange(2), ROWS // 2))
    m = measure(Scores(spread.sets | {"real_authors": few}), model(real_authors=few))
    assert (m.low, m.extra["part"]) == (None, "retain_probability")
    assert m.extra["interval"] == "none: fewer than 4 authors (real_authors_probability)"
    silent = measure(mute(spread, "world_facts"), model())
    assert (silent.value, silent.low) == (0.0, None)
    assert silent.extra["interval"] == "none: at a limit of its range (world_facts_rouge)"


@pytest.mark.filterwarnings("error")
def test_an_excess_whose_spread_is_too_small_to_be_squared():
    assert _exceeds(np.array([1.0, 1.0, 1.0]), np.arange(3)) and not _exceeds(np.zeros(3), np.arange(3))
    assert _exceeds(np.array([1e-200, 2e-200, 3e-200]), np.arange(3))


def test_a_rows_random_answers_do_not_hang_on_the_order_of_rows():
    gold = ["Paris Paris", "born in", "born in Paris", "in Paris born", "writes", "born"]
    rows = make_set([0.1] * 6, [0.2] * 6, [[1.0]] * 6, generated=gold, gold=gold, authors=[0, 0, 1, 1, 2, 2])
    order = [3, 0, 5, 1, 4, 2]
    texts = {name: [getattr(rows, name)[i] for i in order] for name in ("generated", "gold", "questions")}
    moved = replace(rows, authors=rows.authors[order], **texts)
    assert _random("retain", moved)["rouge"] == pytest.approx(_random("retain", rows)["rouge"][order])
