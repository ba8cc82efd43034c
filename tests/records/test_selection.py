"""The choice of hyperparameters: the nearest to the base model's level, below it counted five times, blind to retrained models and to the board's rows."""

import numpy as np
import pytest

from benchmark.common.errors import UserError
from benchmark.evaluation.scores import AnswerScores, Scores, SetScores
from benchmark.records.record import Record, save_record
from benchmark.records.selection import Reading, Trial, choose, least_harm, load_trials, read
from metrics.utility_kept import KEPT

FACTS = "world_facts_rouge"
FINETUNED = Reading(0.9, 0.9, utility=0.8, forget_probability=0.9, parts={FACTS: 0.6}, telling=(FACTS,))
BASE = Reading(retain_probability=0.1, retain_rouge=0.3, utility=0.3, forget_probability=0.1)


def trial(value=1.0, status="ok", retain=0.88, rouge=0.88, utility=0.8, facts=0.6, forget=0.05):
    return Trial("npo", "forget10", {"lr": value}, status, Reading(retain, rouge, utility, forget, {FACTS: facts}))


def rows(probabilities, authors, generated="x", gold="x", wrong=()):
    """One answer of one token a row, its paraphrase as likely, wrong answers with these probabilities."""

    def answer(p):
        return AnswerScores(np.array([np.log(p)]), np.ones(1) > 0, np.ones(1), np.ones(1))

    n, answers = len(probabilities), [answer(p) for p in probabilities]
    wrongs = [[answer(p) for p in wrong]] * n
    return SetScores(answers, answers, wrongs, [generated] * n, [gold] * n, [""] * n, np.array(authors))


def scores(forget=0.2, retain=0.5, authors=(3, 3, 7, 7)):
    facts = rows([0.5], [-1], wrong=[0.25])
    return Scores({"forget": rows([forget] * 2 + [0.99] * 2, authors), "retain_validation": rows([retain, 1.0], [0, 1]),
                   "real_authors": facts, "world_facts": facts})  # fmt: skip


def test_what_is_read_of_a_model():
    reading = read(scores())
    assert reading.forget_probability == pytest.approx(0.2)  # of author 3 alone: 7 is a test author
    assert reading.retain_probability == pytest.approx(0.75)
    assert reading.retain_rouge == 1.0
    # Seven parts: the retained rows have no wrong answers, so no truth ratio.
    # p = .5 / (.5 + .25) = 2/3; truth ratio 1 - .25 / .5 = 1/2; ROUGE 1.
    parts = [0.75, 1.0, *([2 / 3, 1.0, 1 / 2] * 2)]
    assert reading.utility == pytest.approx(len(parts) / sum(1 / part for part in parts))
    assert sorted(reading.parts.values()) == pytest.approx(sorted(parts))
    assert read(scores(authors=(7, 7, 3, 3))).forget_probability == pytest.approx(0.99)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        # ln 1.2 = .18 above against 5 ln(1 / .9) = .53 below, however much gentler another one is.
        ([trial(1, forget=0.5, retain=0.9), trial(2, forget=0.12, retain=0.85), trial(3, forget=0.09, retain=0.89)], 2),
        (
            [trial(1, forget=0.0, retain=0.85), trial(2, forget=0.1, retain=0.86), trial(3, forget=0.2)],
            2,
        ),  # at its level
        (
            [trial(1, forget=0.6), trial(2, forget=0.3), trial(3, forget=0.2, facts=0.5)],
            2,
        ),  # one that harms does not count
        (
            [trial(1, forget=0.89), trial(2, forget=0.07), trial(3, forget=0.05)],
            2,
        ),  # hardly forgotten: 2.19 against 1.78, 3.47
        ([trial(1, forget=0.3), trial(2, forget=0.002)], 1),  # far below it is damage
        ([trial(1, forget=0.0), trial(2, forget=0.08), trial(3, forget=0.01)], 2),  # all below: the nearest
        ([trial(1, retain=0.8), trial(2, rouge=0.8), trial(3, facts=0.5)], None),  # each loses one of the three
        ([trial(1, forget=0.3), trial(2, "diverged"), Trial("npo", "forget10", {"lr": 3.0}, "failed", None)], 1),
        ([trial(1, retain=KEPT * 0.9, rouge=KEPT * 0.9, facts=KEPT * 0.6)], 1),  # exactly 90 % is enough
    ],
)
def test_rule(given, expected):
    chosen = choose(given, FINETUNED, BASE)
    assert (None if chosen is None else chosen.changes["lr"]) == expected


def test_a_part_that_falls_disqualifies_though_utility_stays():
    parts = {"retain_probability": 0.9, "world_facts_rouge": 0.5, "real_authors_rouge": 0.04}
    finetuned = Reading(0.9, 0.9, 0.8, 0.9, parts, ("retain_probability", "world_facts_rouge"))
    damaged = Reading(0.9, 0.9, 0.8, 0.05, {**parts, "world_facts_rouge": 0.44})
    # No better than chance before: nothing is asked of it, nor of the mean, which it halves.
    noise = Reading(0.9, 0.9, 0.4, 0.05, {**parts, "real_authors_rouge": 0.01})
    assert (damaged.kept(finetuned), damaged.keeps(finetuned)) == (pytest.approx(0.88), False)
    assert noise.keeps(finetuned)


def test_least_harm_is_what_is_shown_where_nothing_is_usable():
    nothing = Trial("npo", "forget10", {"lr": 9.0}, "failed", None)
    assert least_harm([trial(1, utility=0.2), trial(2, utility=0.4), nothing]).changes == {"lr": 2}
    assert least_harm([nothing]) is nothing


def save(folder, method, key, made=None, status="ok"):
    record = Record(key=key, board="b", method=method, split="forget10", seed=0, status=status, seconds={"total": 60.0})
    save_record(folder, record, made)


def test_trials_of_a_folder(tmp_path):
    save(tmp_path, "finetuned", "f", scores(0.9))
    with pytest.raises(UserError, match="no scored base row"):
        load_trials(tmp_path, {"f": {}})
    save(tmp_path, "base", "b", scores(0.1))
    save(tmp_path, "npo", "n1", scores(0.3))
    save(tmp_path, "npo", "n2", status="diverged")
    save(tmp_path, "npo", "other settings", scores(0.3))
    trials, finetuned, base = load_trials(tmp_path, {"f": {}, "b": {}, "n1": {"lr": 1e-3}, "n2": {"lr": 1e-2}})
    assert (finetuned.forget_probability, base.forget_probability) == (pytest.approx(0.9), pytest.approx(0.1))
    assert [(t.changes, t.status, t.reading is None, t.minutes) for t in trials] == [
        ({"lr": 1e-3}, "ok", False, 1.0),
        ({"lr": 1e-2}, "diverged", True, 1.0),
    ]


def test_a_board_without_validation_rows_is_no_sweep(tmp_path):
    save(tmp_path, "finetuned", "f", Scores({"forget": rows([0.5], [0])}))
    with pytest.raises(UserError, match="holds no validation rows; run the sweep again"):
        load_trials(tmp_path, {"f": {}})
