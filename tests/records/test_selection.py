"""The choice of a constant from a grid: the same for all methods, and blind to retrained models."""

import tomllib

import numpy as np
import pytest

from benchmark.common.errors import UserError
from benchmark.evaluation.scores import AnswerScores, Scores, SetScores
from benchmark.records.record import Record, save_record
from benchmark.records.selection import Trial, choose, selection_probability, trials, write_sweep


def forget(probabilities, authors):
    """One answer of one token a row."""
    one = np.ones(1)
    answers = [AnswerScores(np.array([np.log(p)]), one > 0, one, one) for p in probabilities]
    n = len(answers)
    return SetScores(answers, [None] * n, [[]] * n, [""] * n, [""] * n, [""] * n, np.array(authors))


def trial(value, status="ok", utility=0.8, probability=0.5):
    return Trial("npo", "forget10", value, status, utility, probability, 0.1)


def test_selection_reads_the_first_half_of_the_authors():
    # By number, whatever the order of the rows: 3 and 4 of 3, 4, 7, 9.
    rows = forget([0.2, 0.4, 0.9, 0.6, 0.8], [7, 7, 3, 9, 4])
    assert selection_probability(rows) == pytest.approx((0.9 + 0.8) / 2)
    assert selection_probability(forget([0.3, 0.5], [1, 1])) == pytest.approx(0.4)


def test_rule():
    weak, good, strong = trial(1, probability=0.6), trial(2, probability=0.2), trial(3, utility=0.5, probability=0.0)
    assert choose([weak, good, strong], 0.72) is good  # strong gives up too much utility
    assert choose([weak, trial(2, "diverged", probability=0.1)], 0.72) is weak
    assert choose([trial(1, utility=0.3), strong], 0.72) is strong  # nobody keeps enough: the highest utility
    assert choose([trial(1, "diverged", utility=None), strong], 0.72) is strong


def save(folder, method, lr, utility, probability, losses=(1.0,)):
    config = {"training": {"lr": lr, "epochs": 2}} if method != "finetuned" else {}
    record = Record(
        key=f"{method}{lr}", board="b", method=method, split="forget10", seed=0, status="ok", losses=list(losses),
        config=config, metrics={"model_utility": {"value": utility}}, seconds={"total": 60.0},
    )  # fmt: skip
    save_record(folder, record, Scores({"forget": forget([probability], [0])}))


def test_sweep_of_a_folder(tmp_path):
    save(tmp_path, "finetuned", 0, 0.9, 0.9, losses=())
    save(tmp_path, "task_vector", 1e-3, 0.9, 0.9, losses=())  # nothing was trained: no trial
    save(tmp_path, "npo", 1e-3, 0.85, 0.3)
    save(tmp_path, "npo", 1e-4, 0.89, 0.7)
    found = trials(tmp_path, "lr")
    assert [(t.value, t.chosen, t.minutes) for t in found] == [(1e-4, False, 1.0), (1e-3, True, 1.0)]
    table, toml = write_sweep(tmp_path, found, "lr")
    assert len(table.read_text().splitlines()) == 3
    assert tomllib.loads(toml.read_text()) == {"settings": {"npo": {"training": {"lr": 1e-3}}}}
    with pytest.raises(UserError, match="'warm' is no key of the training recipe; there are lr, epochs"):
        trials(tmp_path, "warm")


def test_grids_must_be_equal(tmp_path):
    save(tmp_path, "finetuned", 0, 0.9, 0.9, losses=())
    save(tmp_path, "npo", 1e-3, 0.85, 0.3)
    save(tmp_path, "dpo", 1e-4, 0.85, 0.3)
    with pytest.raises(UserError, match=r"different grids.*dpo \(0.0001,\); npo \(0.001,\)"):
        trials(tmp_path, "lr")
