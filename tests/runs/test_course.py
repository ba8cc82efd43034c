"""The course of unlearning in records: what is looked at, that nothing else changes, and that nothing is chosen by it."""

import pytest

from benchmark.records.record import load_record
from benchmark.runs.board import run_board
from benchmark.runs.checkpoints import Checkpoints
from benchmark.runs.course import COLUMNS
from benchmark.runs.execute import execute
from benchmark.runs.identity import Run, resolve
from benchmark.runs.sweep import trial_preset
from tests.board_fixtures import METHODS, micro, only_record
from tests.runs.test_execute import Counting

COURSE = ("training.epochs=3", "scoring.every=2")


def resolved(folder, method, *changes):
    return resolve(Run(method, "forget10"), Checkpoints(micro(*changes), folder))


@pytest.fixture
def with_course(board):
    """A record of the small board, with its course."""
    run_board(micro(*COURSE, methods=["rkld"]), board, say=lambda text: None)
    return load_record(max((board / "records" / "rkld").glob("*.json"), key=lambda path: path.stat().st_mtime))


def test_a_record_has_its_course_and_ends_at_the_boards_own_numbers(with_course):
    course = with_course.course
    assert (course["epoch"], course["step"]) == ([2, 3], [4, 6])
    for column in COLUMNS:
        assert course[column][-1] == pytest.approx(with_course.metrics[column]["value"], rel=1e-5)
        assert course[column][0] != course[column][1]


def test_the_numbers_are_those_of_a_run_without(with_course, board):
    run_board(micro(COURSE[0], methods=["rkld"]), board, say=lambda text: None)
    plain = load_record(resolved(board, "rkld", COURSE[0]).record)
    assert plain.key != with_course.key and not plain.course and plain.config == with_course.config
    assert plain.metrics == with_course.metrics and plain.losses == with_course.losses
    assert plain.forget_rows == with_course.forget_rows and plain.compared_with == with_course.compared_with


def test_looks_are_no_part_of_the_seconds_of_unlearning(with_course):
    seconds = with_course.seconds
    assert 0 < seconds["course"] and seconds["course"] + seconds["unlearning"] < seconds["total"]


def test_only_runs_that_are_looked_at_have_another_key(tmp_path):
    runs = [Run(name, "forget10") for name in ("rkld", "task_vector")] + [Run.of_model("retrained", "forget10")]
    keys = [[resolve(run, Checkpoints(micro(*change), tmp_path)).key for run in runs] for change in ((), (COURSE[1],))]
    assert [a != b for a, b in zip(*keys, strict=True)] == [True, False, False]
    assert resolved(tmp_path, "rkld", "scoring.every=3").key not in (keys[0][0], keys[1][0])


def test_a_key_without_a_course_knows_nothing_of_it(tmp_path, monkeypatch):
    """Published records keep their keys: what is hashed has no word of courses."""
    hashed = []
    monkeypatch.setattr("benchmark.runs.identity.content_key", lambda parts: hashed.append(repr(parts)) or "k")
    resolved(tmp_path, "rkld")
    assert hashed and "every" not in hashed[-1]


def test_a_sweep_never_looks(tmp_path):
    trial = trial_preset(micro(COURSE[1]), {"rkld": {"lr": 1e-3}}, tmp_path)
    assert micro(COURSE[1]).scoring.every == 2 and trial.scoring.every is None


def test_progress_adds_up(board):
    preset, counting = micro(*COURSE, methods=[*METHODS]), Counting()
    run = resolve(Run("grad_ascent", "forget10"), Checkpoints(preset, board))
    execute(run, Checkpoints(preset, board, counting))
    assert counting.units == pytest.approx(run.training_work + run.scoring_work)
    plain = resolved(board, "grad_ascent", COURSE[0])
    assert run.training_work > plain.training_work and only_record(board, "rkld").exists()
