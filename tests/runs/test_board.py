"""A board from beginning to end: what runs, what is kept, and what is refused at once."""

import os

import pytest

from benchmark.common.errors import UserError
from benchmark.records.record import load_record, load_records, scores_path
from benchmark.records.score_files import load_scores
from benchmark.runs import workers
from benchmark.runs.board import Clock, run_board
from benchmark.runs.plan import plan_board
from tests.board_fixtures import (
    METHOD_ROWS,
    METHODS,
    MODEL_ROWS,
    half_written,
    method_file,
    micro,
    numbers,
    only_record,
    watch,
)


def run(preset, folder, **options):
    return run_board(preset, folder, say=lambda text: None, **options)


def test_plan_goes_from_models_to_rows(tmp_path):
    plan = plan_board(micro(), tmp_path)
    assert (plan.runs, plan.done) == (6, 0)
    assert [(task.label, {need.label for need in plan.needs[task]}) for task in plan.tasks] == [
        ("base", set()),
        ("finetuned", {"base"}),
        ("finetuned forget10 seed 0", {"base", "finetuned"}),
        ("base forget10 seed 0", {"base"}),
        ("retrained-forget10-seed0", {"base"}),
        ("retrained forget10 seed 0", {"base", "retrained-forget10-seed0"}),
        ("retrained-forget10-seed1", {"base"}),
        ("retrained forget10 seed 1", {"base", "retrained-forget10-seed1"}),
        ("reinforced-forget10", {"finetuned"}),
        ("rkld forget10 seed 0", {"base", "finetuned", "reinforced-forget10"}),
        ("grad_ascent forget10 seed 0", {"base", "finetuned"}),
    ]
    without = plan_board(micro(methods=["grad_ascent"]), tmp_path)
    assert not any("reinforced" in task.label for task in without.tasks)
    assert 0 < sum(without.units.values()) < sum(plan.units.values())


def test_every_row_has_a_record_and_scores(made_board):
    records = load_records(made_board)
    assert [(r.method, r.seed) for r in records] == [
        ("base", 0), ("finetuned", 0), ("grad_ascent", 0), ("retrained", 0), ("retrained", 1), ("rkld", 0),
    ]  # fmt: skip
    keys = {(r.method, r.seed): r.key for r in records}
    for record in records:
        path = made_board / "records" / record.method / f"{record.key}.json"
        scores = load_scores(scores_path(path))
        assert {name: len(part) for name, part in scores.sets.items()} == dict.fromkeys(
            ("forget", "retain", "real_authors", "world_facts", "holdout"), 4
        )
        assert (record.status, record.board, record.split, record.partial) == (
            "ok",
            "quick",
            "forget10",
            True,
        )
        assert record.seconds["total"] >= record.seconds["scoring"] > 0
        assert record.peak_memory_mib["process"] > 50
        assert record.provenance["packages"]["torch"] and record.dataset["name"] == "fictitious"
        others = [seed for seed in (0, 1) if (record.method, record.seed) != ("retrained", seed)]
        expected = {
            "retrained": [keys["retrained", s] for s in others],
            "finetuned": [keys["finetuned", 0]],
            "doses": [],
        }
        assert record.compared_with == expected
        assert 0 <= record.value("forget_quality") <= 1
        if record.method in METHODS:
            assert len(record.losses) == 2 and record.seconds["unlearning"] > 0
            assert record.config["training"]["epochs"] == 1
    assert not half_written(made_board)


def test_second_run_does_nothing(made_board, monkeypatch):
    monkeypatch.setattr(workers, "execute", lambda run, checkpoints: pytest.fail(f"executed {run.label}"))
    plan = run(micro(), made_board)
    assert (plan.tasks, plan.runs, plan.done) == ([], 6, 6)


def test_fresh_does_everything_again_to_the_same_numbers(board, monkeypatch):
    before, seen = numbers(board), watch(monkeypatch)
    files = {p.relative_to(board): p.read_bytes() for p in board.rglob("*.parquet")}
    run(micro(), board, fresh=True)
    assert sorted(seen.runs) == sorted(MODEL_ROWS + METHOD_ROWS)
    assert len(seen.models) == 5
    assert numbers(board) == before
    assert {p.relative_to(board): p.read_bytes() for p in board.rglob("*.parquet")} == files


def test_two_workers_find_the_same_numbers(made_board, tmp_path):
    run(micro(), tmp_path / "two", workers=2)
    assert numbers(tmp_path / "two") == numbers(made_board)


def test_added_method_runs_alone(board, monkeypatch):
    seen = watch(monkeypatch)
    run(micro(methods=[*METHODS, "npo"]), board)
    assert seen.runs == ["npo forget10 seed 0"] and not seen.models


def test_changed_rate_runs_methods_but_trains_no_model(board, monkeypatch):
    before, seen = numbers(board), watch(monkeypatch)
    run(micro("training.lr=3e-3"), board)
    assert sorted(seen.runs) == METHOD_ROWS and not seen.models
    assert len(list(board.glob("records/rkld/*.json"))) == 2
    assert load_record(max(board.glob("records/rkld/*.json"), key=os.path.getmtime)).metrics != before[METHOD_ROWS[1]]


def test_new_method_file_gets_its_row(board, tmp_path, monkeypatch):
    seen = watch(monkeypatch)
    path = method_file(tmp_path, "mine")
    run(micro("settings.mine.fields.rate=0.5", methods=[*METHODS, path]), board)
    assert seen.runs == ["mine forget10 seed 0"]
    record = load_record(only_record(board, "mine"))
    assert (record.status, record.config["method"]) == ("ok", {"rate": 0.5})
    assert record.seconds["unlearning"] > 0 and len(record.losses) == 2


@pytest.mark.parametrize(
    ("changes", "methods", "message"),
    [
        (
            {"splits": ["forget20"]},
            METHODS,
            "unknown split 'forget20'; there are forget01, forget05, forget10",
        ),
        ({}, ["rkdl", "nop"], r"'rkdl'; did you mean 'rkld'(.|\n)*'nop'; did you mean 'npo'"),
        (
            {"settings": {"rkld": {"fields": {"alhpa": 4}}}},
            METHODS,
            "setting of rkld 'alhpa'; did you mean 'alpha'",
        ),
        ({"settings": {"rkdl": {"fields": {"alpha": 4}}}}, METHODS, "'rkdl'; did you mean 'rkld'"),
    ],
)
def test_wrong_board_is_refused_before_anything_runs(tmp_path, changes, methods, message):
    from benchmark.config.schema import Preset

    preset = Preset(**{**micro(methods=methods).model_dump(), **changes})
    with pytest.raises(UserError, match=message):
        run(preset, tmp_path)
    assert not list(tmp_path.rglob("*.json"))


def test_reference_rows_keep_their_names(tmp_path):
    with pytest.raises(UserError, match="'retrained' is the name of a reference row"):
        plan_board(micro(methods=[method_file(tmp_path, "retrained")]), tmp_path)


def test_smallest_dataset_forgets_one_author_and_retains_one(tmp_path):
    from benchmark.runs.checkpoints import Checkpoints

    split = Checkpoints(micro("dataset.authors=2"), tmp_path).dataset.splits["forget10"]
    assert {r.author for r in split.forget} == {1} and {r.author for r in split.retain} == {0}
    with pytest.raises(UserError, match="dataset.authors: .*greater than or equal to 2"):
        micro("dataset.authors=1")


def test_clock_refuses_what_does_not_fit():
    clock = Clock(1)  # minute
    assert clock.allows(1e9)  # the pace is unknown yet
    clock.begin -= 30
    clock.done(10)  # 3 seconds a unit, 30 seconds are left
    assert clock.allows(9) and not clock.allows(11)
    assert not clock.allows(1)  # nothing after a refusal
    assert Clock(None).allows(1e9)


def test_time_limit_stops_and_the_same_command_goes_on(board, capsys):
    preset = micro(methods=[*METHODS, "npo", "dpo"])
    lines = []
    plan = run_board(preset, board, time_limit=0, say=lines.append)
    assert len(plan.tasks) == len(plan_board(preset, board).tasks) == 2
    assert lines[-1] == "the time limit left 2 tasks undone; the same command goes on with them"
    run_board(preset, board, say=lines.append)
    assert plan_board(preset, board).tasks == []
