"""What takes the path of a folder or a file takes it as a text too."""

import shutil
from pathlib import Path

import pytest

from benchmark import ScoreRequest, load_preset, load_records, load_scores, run_board, score_to_file
from benchmark.data import fictitious
from benchmark.data.export import export
from benchmark.data.tofu import load as load_tofu
from benchmark.leaderboard import build as leaderboard
from benchmark.leaderboard.figure import draw
from benchmark.leaderboard.publish import publish
from benchmark.records.importers import import_log
from benchmark.records.recompute import recompute
from benchmark.records.record import load_record, record_path, save_record, scores_path
from benchmark.records.score_files import save_scores
from benchmark.rkld_claims import examine, write_claims
from benchmark.runs.board import start_over
from benchmark.runs.checkpoints import MODELS
from benchmark.runs.sweep import run_sweep
from benchmark.runs.sweep_files import write_sweep
from metrics import load_metric
from tests.board_fixtures import micro
from tests.conftest import ROOT
from tests.leaderboard.test_publish import make_record, save
from tests.records.importers import logs


def quiet(text):
    pass


def records_one_by_one(board, new):
    record = next(record for record in load_records(board) if record.method == "rkld")
    path = str(record_path(board, record.method, record.key))
    scores = load_scores(str(scores_path(path)))
    save_record(new, load_record(path), scores)
    save_scores(scores, f"{new}/again.parquet")
    return [record_path(new, record.method, record.key), f"{new}/again.parquet"]


def boards_files(board, new):
    made = leaderboard.build(board)
    leaderboard.write(new, made)
    draw(made, f"{new}/figure.png")
    return [f"{new}/leaderboard.md", f"{new}/figure.pdf"]


def finished_board(board, new):
    assert run_board(micro(), board, say=quiet).tasks == []
    return [f"{board}/records"]


def emptied_board(board, new):
    start_over(board)
    assert not Path(board, "records").exists()
    return [board]


def sweep(board, new):
    preset = micro("sweep.values=[1e-3]", "sweep.trials=1", methods=["grad_ascent"])
    return write_sweep(new, run_sweep(preset, new, models=f"{board}/{MODELS}", say=quiet))


def publication(board, new):
    save(Path(new, "own"), make_record("npo"), make_record("retrained", reference=True))
    return [f"{publish(f'{new}/own', root=f'{new}/published')}/records"]


def imported_log(board, new):
    files = [
        str(logs.write(Path(new, name, "log.json"), logs.tofu(table)))
        for name, table in (("theirs", logs.TABLE), ("retain", logs.retrained_table()))
    ]
    record = import_log(*files, "tofu", f"{new}/imported", method="theirs", split="forget10")
    return [record_path(f"{new}/imported", record.method, record.key)]


def exported_dataset(board, new):
    export(fictitious.load(authors=10), f"{new}/data")
    assert load_tofu(f"{new}/data", ["forget10"]).full
    return [f"{new}/data/full.json"]


def scored_model(board, new):
    exported_dataset(board, new)
    model = str(next(Path(board, MODELS).glob("finetuned-*")))
    request = ScoreRequest(f"{new}/data", "forget10", "{question}\n", limit=2, device="cpu", max_new_tokens=2)
    score_to_file(model, "none", request, f"{new}/scores.json", ["rouge"])
    return [f"{new}/scores.json", f"{new}/scores.parquet"]


def claims(board, new):
    return write_claims(new, examine(board))


def measured_again(board, new):
    assert not [update.skipped for update in recompute(board, ["rouge"]) if update.skipped]
    return [board]


def preset_and_metric(board, new):
    shutil.copy(ROOT / "benchmark/config/presets/quick.toml", f"{new}/mine.toml")
    assert load_preset(f"{new}/mine.toml").name == load_preset(Path(new, "mine.toml")).name
    metric = ROOT / "examples" / "my_metric.py"
    assert type(load_metric(str(metric))) is type(load_metric(metric))
    return []


@pytest.mark.parametrize(
    "make",
    [
        records_one_by_one, boards_files, finished_board, emptied_board, sweep, publication, imported_log,
        exported_dataset, scored_model, claims, measured_again, preset_and_metric,
    ],
)  # fmt: skip
def test_a_path_may_be_a_text(make, board, tmp_path):
    new = tmp_path / "new"
    new.mkdir()
    made = make(str(board), str(new))
    assert all(Path(path).exists() for path in made)
