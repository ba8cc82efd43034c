"""Methods with faults: one failed row that says why, and every other row as if they had not been there."""

from __future__ import annotations

import sys

import pytest
import torch

from benchmark.models.fingerprint import fingerprint
from benchmark.models.tiny import perturbed
from benchmark.records.record import load_record
from benchmark.runs.board import run_board, start_over
from tests.board_fixtures import half_written, method_file, micro, numbers, only_record
from tests.drills.bad_methods import IN_PROCESS, IN_WORKERS, LEAKS, with_reference
from tests.model_fixtures import tiny_model


def run(board, faults, tmp_path, *changes, after="npo", **options):
    """The plan of a board of these methods, and of one of the project's after them."""
    files = [with_reference(method_file(tmp_path, name, body)) for name, (body, _) in faults.items()]
    return run_board(micro(*changes, methods=[*files, after]), board, say=lambda text: None, **options)


def reasons(board, faults):
    records = {name: load_record(only_record(board, name)) for name in faults}
    assert {record.status for record in records.values()} == {"failed"}
    assert not any(record.metrics for record in records.values())
    return {name: record.reason for name, record in records.items()}


def test_every_fault_is_one_failed_row_and_the_next_row_is_untouched(board, tmp_path):
    limited = {name: IN_PROCESS[name] for name in ("sleeps", "swallows")}
    others = {name: fault for name, fault in IN_PROCESS.items() if name not in limited}
    plan = run(board, others, tmp_path)
    run(board, limited, tmp_path, "launch.run_limit=0.02", after="grad_ascent")
    for name, reason in reasons(board, IN_PROCESS).items():
        assert IN_PROCESS[name][1] in reason, (name, reason)
    assert len(plan.failed) == len(others) and torch.get_default_dtype() == torch.float32
    after_faults = numbers(board)["npo forget10 seed 0"]
    only_record(board, "npo").unlink()
    run_board(micro(methods=["npo"]), board, say=lambda text: None)
    assert numbers(board)["npo forget10 seed 0"] == after_faults and not half_written(board)


def test_process_that_dies_costs_its_own_row_alone(board, tmp_path):
    plan = run(board, IN_WORKERS, tmp_path, workers=2)
    for name, reason in reasons(board, IN_WORKERS).items():
        assert IN_WORKERS[name][1] in reason, (name, reason)
    assert len(plan.failed) == 3 and load_record(only_record(board, "npo")).status == "ok"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits what a process may take")
def test_method_that_leaks_memory_costs_its_own_row_alone(board, tmp_path):
    faults = {"leaks": (LEAKS, "MemoryError")}
    plan = run(board, faults, tmp_path, "launch.memory=3", workers=1)
    assert "MemoryError" in reasons(board, faults)["leaks"]
    assert len(plan.failed) == 1 and load_record(only_record(board, "npo")).status == "ok"


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16])
def test_fingerprint_sees_one_changed_value_a_swap_and_the_mode(dtype):
    model = perturbed(tiny_model("llama")[0], 0.1, seed=1).to(dtype)
    before = fingerprint(model)
    assert fingerprint(model) == before
    weights = next(p for p in model.parameters() if p.dim() == 2)
    for change in (lambda w: w.view(-1)[-1:].mul_(1.01), lambda w: w.copy_(w.flip(0)), lambda w: w.neg_()):
        kept = weights.data.clone()
        change(weights.data)
        assert fingerprint(model) != before
        weights.data.copy_(kept)
    assert fingerprint(model) == before
    assert fingerprint(model.train()) != before


def test_start_over_removes_what_runs_left_and_nothing_else(board):
    mine = [
        board / "records" / "notes.txt",
        board / "cache" / "mine.bin",
        board / "logs" / "x" / "log.txt",
        board / "a",
    ]
    for path in mine:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("mine")
    half = next(board.glob("records/npo*/*.json"), next(board.glob("records/*/*.json")))
    half.with_name(f".{half.stem}.1.part.json").write_text("{")
    start_over(board)
    left = {path for path in board.rglob("*") if path.is_file() and path.name != ".lock"}
    assert left == set(mine)
