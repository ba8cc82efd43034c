"""Keys of runs and models, progress, provenance, and reading records."""

import subprocess

import pytest
import torch

from benchmark.common import provenance
from benchmark.common.errors import UserError
from benchmark.common.progress import Silent
from benchmark.records.record import SCHEMA_VERSION, load_record, load_records
from benchmark.runs import checkpoints as checkpoints_module
from benchmark.runs.checkpoints import Checkpoints
from benchmark.runs.execute import execute
from benchmark.runs.identity import Run, resolve
from benchmark.runs.model_spec import ModelSpec
from benchmark.runs.plan import board_runs, plan_board
from tests.board_fixtures import METHODS, method_file, micro, only_record

RKLD, NPO = Run("rkld", "forget10"), Run("npo", "forget10")
FINETUNED = Run.of_model("finetuned", "forget10")


def key(tmp_path, run, *changes):
    return resolve(run, Checkpoints(micro(*changes), tmp_path)).key


@pytest.mark.parametrize(
    ("change", "changed"),
    [
        ("training.lr=1e-3", [RKLD, NPO]),
        ("settings.rkld.training.epochs=3", [RKLD]),
        ("settings.rkld.fields.alpha=4.0", [RKLD]),
        ("reinforcement.epochs=2", [RKLD]),
        ("finetuning.epochs=2", [RKLD, NPO, FINETUNED]),
        ("scoring.limit=5", [RKLD, NPO, FINETUNED]),
        ("scoring.max_new_tokens=9", [RKLD, NPO, FINETUNED]),
        ("launch.threads=2", [RKLD, NPO, FINETUNED]),
        ("dataset.seed=1", [RKLD, NPO, FINETUNED]),
        ("retrained_seeds=[2]", []),  # a run is compared with other models once all of them are scored
        ("model.prompt=Q: {question} A:", [RKLD, NPO, FINETUNED]),
        ("launch.workers=2", []),
        ("launch.launcher=ray", []),
        ("launch.cpus=2", []),
        ("name=other", []),
        ("description=other", []),
        ("retrained_seeds=[0, 5]", []),
        ("seeds=[3]", []),  # the runs' own seeds are in the runs
    ],
)
def test_key_changes_with_what_the_numbers_depend_on(tmp_path, change, changed):
    runs = [RKLD, NPO, FINETUNED]
    assert [run for run in runs if key(tmp_path, run, change) != key(tmp_path, run)] == changed


def test_key_of_a_method_file_is_its_contents(tmp_path):
    path = method_file(tmp_path, "mine")
    first = key(tmp_path, Run(path, "forget10"))
    (tmp_path / "elsewhere").mkdir()
    moved = method_file(tmp_path / "elsewhere", "mine")
    assert key(tmp_path, Run(moved, "forget10")) == first
    method_file(tmp_path, "mine", "x = 1")
    assert key(tmp_path, Run(path, "forget10")) != first


def test_threads_are_given_back_when_a_model_is_made(tmp_path, monkeypatch):
    seen, train, before = [], checkpoints_module.finetune, torch.get_num_threads()

    def watched(*given, **named):
        seen.append(torch.get_num_threads())
        return train(*given, **named)

    monkeypatch.setattr(checkpoints_module, "finetune", watched)
    Checkpoints(micro("launch.threads=3"), tmp_path).make(ModelSpec("base"))
    assert (seen, torch.get_num_threads()) == ([3], before)


def test_models_share_what_they_can(tmp_path):
    checkpoints = Checkpoints(micro(), tmp_path)
    kinds = [ModelSpec("base"), ModelSpec("finetuned"), ModelSpec("reinforced", "forget10")]
    kinds += [ModelSpec("retrained", "forget10", seed) for seed in (0, 1)]
    assert len({checkpoints.key(spec) for spec in kinds}) == 5
    other = Checkpoints(micro("reinforcement.lr=1e-4"), tmp_path)
    assert [spec.kind for spec in kinds if checkpoints.key(spec) != other.key(spec)] == ["reinforced"]
    rows, _, seed = checkpoints.training(ModelSpec("retrained", "forget10", 1))
    assert seed == 1 and not {r.question for r in rows} & {
        r.question for r in checkpoints.dataset.splits["forget10"].forget
    }


def test_rows_of_two_splits_and_seeds(tmp_path):
    preset = micro("seeds=[0, 1]", 'splits=["forget05", "forget10"]', methods=["npo"])
    blocks = board_runs(preset)
    assert [(block[-1].split, block[-1].seed) for block in blocks] == [
        (split, seed) for seed in (0, 1) for split in ("forget05", "forget10")
    ]
    runs = [run for block in blocks for run in block]
    assert [run.label for run in runs if run.method == "npo"] == [
        f"npo {split} seed {seed}" for seed in (0, 1) for split in ("forget05", "forget10")
    ]
    assert sum(run.is_model for run in runs) == 2 * 4 and len(runs) == len(set(runs))


class Counting(Silent):
    units = 0.0
    phases = ()

    def phase(self, run, phase):
        self.phases = (*self.phases, phase)

    def advance(self, units):
        self.units += units


def test_progress_adds_up_to_the_plan(board):
    preset = micro(methods=[*METHODS, "npo"])
    units = sum(plan_board(preset, board).units.values())
    counting = Counting()
    checkpoints = Checkpoints(preset, board, counting)
    execute(resolve(NPO, checkpoints), checkpoints)
    assert units > 0 and counting.units == pytest.approx(units)
    assert counting.phases == ("unlearning", "scoring")


def test_records_that_cannot_be_read_are_all_named(board, tmp_path):
    for method in METHODS:
        only_record(board, method).write_text("{")
    with pytest.raises(UserError) as error:
        load_records(board)
    assert all(f"records/{method}/" in str(error.value) for method in METHODS)
    with pytest.raises(UserError, match="holds no records; make a board first"):
        load_records(tmp_path)


def test_record_of_a_later_version_is_refused(board):
    path = only_record(board, "rkld")
    path.write_text(path.read_text().replace(f'"schema_version": {SCHEMA_VERSION}', '"schema_version": 99'))
    with pytest.raises(UserError, match="later version; update"):
        load_record(path)


def test_what_a_killed_run_left_is_no_record(board):
    (board / "records" / "rkld" / ".0123456789abcdef.77.part.json").write_text('{"half')
    assert len(load_records(board)) == 6


def git(folder, *arguments):
    command = ["git", "-c", "user.name=a", "-c", "user.email=a@b.c", *arguments]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)


def test_git_state_is_of_this_project_only(tmp_path, monkeypatch):
    (tmp_path / "results").mkdir()
    (tmp_path / "code.py").write_text("a")
    git(tmp_path, "init")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-m", "first")
    monkeypatch.setattr(provenance, "ROOT", tmp_path)
    assert provenance.git_state()["dirty"] is False and len(provenance.git_state()["commit"]) == 40
    (tmp_path / "results" / "new.json").write_text("a")
    assert provenance.git_state()["dirty"] is False
    (tmp_path / "code.py").write_text("b")
    assert provenance.git_state()["dirty"] is True
    # installed into an environment that lies inside somebody's own repository
    installed = tmp_path / "site-packages"
    installed.mkdir()
    monkeypatch.setattr(provenance, "ROOT", installed)
    assert provenance.git_state() == {"commit": None, "dirty": None}


def test_no_more_models_in_memory_than_a_run_reads(board):
    checkpoints = Checkpoints(micro(), board)
    base = Run.of_model("base", "forget10")
    for asked, read in [(FINETUNED, {"finetuned"}), (RKLD, {"finetuned", "reinforced"}), (base, {"base"})]:
        run = resolve(asked, checkpoints)
        run.record.unlink()
        execute(run, checkpoints)
        assert {spec.kind for spec in checkpoints._memory} == read
