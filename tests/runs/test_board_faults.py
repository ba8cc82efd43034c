"""What may go wrong while a board is made, and what is kept and done again."""

import errno
import os
import shutil

import pytest
from filelock import FileLock

from benchmark.common.errors import UserError
from benchmark.records.record import load_record, load_records, scores_path
from benchmark.runs import execute as runs
from benchmark.runs.board import run_board
from benchmark.runs.plan import check_preset
from tests.board_fixtures import (
    METHODS,
    MODEL_ROWS,
    half_written,
    method_file,
    micro,
    numbers,
    only_record,
    watch,
)
from tests.conftest import ROOT


def run(preset, folder, **options):
    return run_board(preset, folder, say=lambda text: None, **options)


def test_stopped_in_the_middle_leaves_whole_files_and_goes_on(board, monkeypatch):
    shutil.rmtree(board / "records" / "rkld")
    shutil.rmtree(board / "records" / "grad_ascent")
    score_model = runs.score_model

    def ctrl_c(*args, meta, **options):
        if meta["run"].startswith("grad_ascent"):
            raise KeyboardInterrupt
        return score_model(*args, meta=meta, **options)

    monkeypatch.setattr(runs, "score_model", ctrl_c)
    with pytest.raises(KeyboardInterrupt):
        run(micro(methods=[*METHODS, "npo"]), board)
    assert not half_written(board)
    assert sorted(numbers(board)) == sorted([*MODEL_ROWS, "rkld forget10 seed 0"])
    monkeypatch.setattr(runs, "score_model", score_model)
    seen = watch(monkeypatch)
    run(micro(methods=[*METHODS, "npo"]), board)
    assert seen.runs == ["grad_ascent forget10 seed 0", "npo forget10 seed 0"] and not seen.models


def test_failed_method_is_recorded_and_tried_again(board, tmp_path, monkeypatch):
    body = f"if not Path({str(tmp_path / 'mended')!r}).exists(): raise RuntimeError('a fault in the loss')"
    preset = micro(methods=[method_file(tmp_path, "mine", body), "npo"])
    run(preset, board)
    record = load_record(only_record(board, "mine"))
    assert (record.status, record.reason, record.metrics) == (
        "failed",
        "RuntimeError: a fault in the loss",
        {},
    )
    (log,) = (board / "logs").iterdir()
    assert "in loss" in log.read_text(encoding="utf-8")
    assert load_record(only_record(board, "npo")).status == "ok"  # the board went on
    (tmp_path / "mended").touch()
    seen = watch(monkeypatch)
    run(preset, board)
    assert seen.runs == ["mine forget10 seed 0"]
    assert load_record(only_record(board, "mine")).status == "ok"


def test_loss_that_becomes_nan_is_divergence(board, tmp_path, monkeypatch):
    preset = micro(
        methods=[method_file(tmp_path, "mine", "if len(calls) == 2: return nll(model, batch.forget) * float('nan')")]
    )
    run(preset, board)
    record = load_record(only_record(board, "mine"))
    assert (record.status, record.step, record.reason) == ("diverged", 2, "the loss became nan")
    assert record.losses[0] < 0 and record.losses[1] is None and record.metrics == {}
    seen = watch(monkeypatch)
    assert run(preset, board).tasks == [] and not seen.runs  # it would only diverge again


def test_collapsed_model_is_divergence_with_scores(board):
    run(micro("training.lr=10", methods=["grad_ascent"]), board)
    record = load_record(max(board.glob("records/grad_ascent/*.json"), key=os.path.getmtime))
    assert record.status == "diverged" and record.step == 2 and "collapsed" in record.reason
    assert record.value("forget_quality") is not None


@pytest.mark.parametrize("damage", ["truncated", "not a record", "scores truncated", "scores gone", "scores a folder"])
def test_damaged_record_is_set_aside_and_redone(board, damage, capsys, monkeypatch):
    before, path = numbers(board), only_record(board, "grad_ascent")
    if damage == "scores gone":
        scores_path(path).unlink()
    elif damage == "scores a folder":
        scores_path(path).unlink()
        (scores_path(path) / "mine").mkdir(parents=True)
    elif damage == "not a record":
        path.write_text('{"key": 3}')
    else:
        broken = scores_path(path) if "scores" in damage else path
        broken.write_bytes(broken.read_bytes()[:700])
    seen = watch(monkeypatch)
    run(micro(), board)
    assert seen.runs == ["grad_ascent forget10 seed 0"]
    assert numbers(board) == before
    printed = capsys.readouterr()
    assert "damaged" in printed.out + printed.err and f"{path.stem}.damaged" in printed.out + printed.err
    assert path.with_suffix(".damaged").exists()


@pytest.mark.parametrize("damage", ["model.safetensors", "artefact.json"])
def test_damaged_model_is_made_again(board, damage, capsys, monkeypatch):
    before = numbers(board)
    (file,) = board.glob(f"cache/models/finetuned-*/{damage}")
    content = bytearray(file.read_bytes())
    content[-5] ^= 1 if damage == "model.safetensors" else 0x80
    file.write_bytes(content)
    shutil.rmtree(board / "records" / "grad_ascent")
    seen = watch(monkeypatch)
    run(micro(), board)
    assert seen.models == ["finetuned"] and seen.runs == ["grad_ascent forget10 seed 0"]
    assert numbers(board) == before
    message = capsys.readouterr().err
    assert "finetuned-" in message and "is damaged" in message and "made again" in message


def test_full_disk_names_the_disk(board, monkeypatch):
    def full(*args):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(runs, "save_record", full)
    with pytest.raises(UserError, match=r"the disk of .*board is full.*same command again"):
        run(micro(methods=["npo"]), board)
    monkeypatch.undo()
    monkeypatch.setattr(shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(100, 99, 1))
    shutil.rmtree(board / "cache")
    with pytest.raises(UserError, match=r"has 0 MiB free, a model takes"):
        run(micro(methods=["npo"]), board)


@pytest.mark.parametrize("fresh", [False, True])
def test_second_command_in_the_folder_is_refused(board, fresh):
    with FileLock(board / ".lock"), pytest.raises(UserError, match="another command is at work"):
        run(micro(), board, fresh=fresh)
    assert len(load_records(board)) == 6 and (board / "cache").is_dir()


def test_model_that_cannot_be_trained_is_a_user_error(tmp_path):
    with pytest.raises(UserError, match="base broke at step .*lower its lr"):
        run(micro("pretraining.lr=1e30", "pretraining.warmup_epochs=0"), tmp_path)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("npo", "'npo' is a method already, whose settings it would take: rename the file"),
        ("refuse_all", "'refuse_all' is the name of a control"),
        ("finetuned", "'finetuned' is the name of a reference row"),
    ],
)
def test_a_method_named_as_something_else_on_a_board_is_refused(tmp_path, name, message):
    path = tmp_path / f"{name}.py"
    path.write_text((ROOT / "examples" / "my_method.py").read_text().replace('"floor"', f'"{name}"'))
    with pytest.raises(UserError, match=message):
        check_preset(micro(methods=[str(path)]))
