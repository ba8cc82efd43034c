"""What a task asks of a machine, what travels with it, and what is refused before anything is started."""

import pickle
import sys
from pathlib import Path

import numpy as np
import pytest

from benchmark.common.errors import UserError
from benchmark.common.files import file_hash
from benchmark.runs.board import run_board
from benchmark.runs.checkpoints import Checkpoints
from benchmark.runs.identity import Run, resolve
from benchmark.runs.launchers.carried import Carried, pack, unpack_files, unpack_folder
from benchmark.runs.launchers.needs import PROCESS, needs_of, parameters
from benchmark.runs.model_spec import ModelSpec
from benchmark.runs.plan import check_preset
from benchmark.runs.task_device import task_device
from tests.board_fixtures import method_file, micro

BASE = ModelSpec("base")


def test_a_task_needs_what_the_preset_says(tmp_path):
    stated = needs_of(BASE, micro("launch.cpus=0.5", "launch.gpus=0.25", "launch.memory=3"), "cuda")
    assert stated.options() == {"num_cpus": 0.5, "num_gpus": 0.25, "memory": 3 * 2**30}
    assert needs_of(BASE, micro("launch.threads=3"), "cpu").options() | {"memory": 0} == {
        "num_cpus": 3, "num_gpus": 0.0, "memory": 0,
    }  # fmt: skip
    one_gpu = needs_of(BASE, micro(), "cuda")
    assert one_gpu.gpus == 1 and not one_gpu.met_by({"CPU": 8, "memory": 2**40})
    assert one_gpu.met_by({"CPU": 1, "GPU": 1, "memory": one_gpu.memory})


def test_memory_follows_from_the_model_and_those_beside_it(tmp_path):
    preset = micro()
    # One layer of 32: q and o 32², k and v 32 x 16 each, three of 32 x 64, three norms; 400 tokens, tied.
    count = 2 * 32**2 + 2 * 32 * 16 + 3 * 32 * 64 + 3 * 32 + 400 * 32
    assert parameters(preset) == count
    run = resolve(Run("rkld", "forget10"), Checkpoints(preset, tmp_path))  # fine-tuned and reinforced beside its own
    assert needs_of(run, preset, "cpu").memory == int(PROCESS) + (4 + 2) * 4 * count
    assert needs_of(BASE, preset, "cpu").memory == int(PROCESS) + (4 + 1) * 4 * count
    assert needs_of(run, preset, "cuda").memory == int(PROCESS) + 2 * 4 * count


def test_a_method_travels_with_its_file(tmp_path):
    checkpoints = Checkpoints(micro(), tmp_path)
    path = method_file(tmp_path, "mine", "# a text of its own: its module is left without a file")
    carried = [Carried.of_task(resolve(Run(name, "forget10"), checkpoints)) for name in (path, "rkld")]
    sys.modules.pop(f"methods_file_mine_{file_hash(path)[:12]}")
    Path(path).unlink()
    mine, rkld = (c.task().method for c in pickle.loads(pickle.dumps(carried)))
    assert (type(mine).__name__, mine.rate, type(rkld).__module__) == ("Mine", 1.0, "methods.rkld")
    assert Carried.of_task(BASE).task() == BASE


def test_files_travel_whole(tmp_path):
    source, target = tmp_path / "source", tmp_path / "target"
    (source / "records" / "rkld").mkdir(parents=True)
    (source / "records" / "rkld" / "a.json").write_bytes(b"{}")
    (source / "records" / "rkld" / ".b.1.part.json").write_bytes(b"half")
    files = pack(source, "records", "logs")
    assert {name: content.tobytes() for name, content in files.items()} == {"records/rkld/a.json": b"{}"}
    unpack_files(files, target)
    assert (target / "records" / "rkld" / "a.json").read_bytes() == b"{}"
    unpack_folder({"a/b": np.frombuffer(b"12", np.uint8), "empty": np.empty(0, np.uint8)}, target / "model")
    assert (target / "model" / "a" / "b").read_bytes() == b"12" and (target / "model" / "empty").read_bytes() == b""


def test_a_gpu_that_is_asked_for_may_be_another_machines(monkeypatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    elsewhere = micro("launch.launcher=ray", "launch.device=cuda")
    assert task_device(elsewhere.launch) == "cuda"
    check_preset(elsewhere)  # refuses nothing
    with pytest.raises(UserError, match="torch sees no GPU"):
        task_device(micro("launch.device=cuda").launch)


def test_workers_are_refused_with_ray(tmp_path):
    with pytest.raises(UserError, match="--workers is of --launcher local"):
        run_board(micro("launch.launcher=ray"), tmp_path, workers=2)


def test_missing_ray_is_told(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)  # importing it raises ImportError
    with pytest.raises(UserError, match="pip install 'unlearn-bench\\[cluster\\]'"):
        run_board(micro("launch.launcher=ray"), tmp_path, say=lambda text: None)
