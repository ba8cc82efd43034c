"""Boards whose models are sharded: what is refused beforehand, and a whole board."""

import pytest
import torch

from benchmark.common.errors import UserError
from benchmark.records.record import load_records
from benchmark.runs.board import run_board
from benchmark.runs.plan import check_preset
from benchmark.runs.workers import on_own_gpu, worker_count
from tests.board_fixtures import method_file, micro, numbers

SHARDED = ("launch.shards=2", "retrained_seeds=[0]")


def test_what_shards_cannot_be_had_with_is_refused(monkeypatch):
    with pytest.raises(UserError, match="is of the launcher local.*launch.shards=1"):
        check_preset(micro("launch.shards=2", "launch.launcher=ray"))
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    check_preset(micro("launch.shards=2", "launch.device=cuda"))
    with pytest.raises(
        UserError, match="takes GPUs up to cuda:2, and this machine has 2; set launch.shards to at most 1"
    ):
        check_preset(micro("launch.shards=2", "launch.device=cuda:1"))


def test_workers_do_not_share_the_devices_of_sharded_models(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 5)
    preset = micro("launch.shards=2", "launch.device=cuda")
    assert [on_own_gpu(preset, number).launch.device for number in range(3)] == ["cuda:0", "cuda:2", "cuda:0"]
    monkeypatch.setattr("os.cpu_count", lambda: 8)
    assert worker_count(micro("launch.shards=2", "launch.threads=1").model_copy(), "cpu") == 0  # as the preset says
    assert worker_count(preset.model_copy(update={"launch": cores(preset)}), "cpu") == 4


def cores(preset):
    return preset.launch.model_copy(update={"workers": None, "threads": 1})


@pytest.mark.drill
def test_a_sharded_board_is_that_of_one_process(tmp_path):
    """One row fails on the second rank alone; the others are as they are without shards, to the digits that sums leave."""
    faulty = method_file(tmp_path, "faulty", "from benchmark.models.ranks import rank; assert rank() == 0, 'no room'")
    preset = micro(*SHARDED, methods=["rkld", faulty])
    plan = run_board(preset, tmp_path / "two", say=lambda text: None)
    run_board(micro(SHARDED[1], methods=["rkld"]), tmp_path / "one", say=lambda text: None)
    assert plan.failed == ["faulty forget10 seed 0: rank 1 of 2: AssertionError: no room"]
    (log,) = (tmp_path / "two" / "logs").iterdir()
    assert "no room" in log.read_text()
    two, one = numbers(tmp_path / "two"), numbers(tmp_path / "one")
    assert two.keys() - one.keys() == {"faulty forget10 seed 0"}
    for row, metrics in one.items():
        for name, measured in metrics.items():
            value = two[row][name]["value"]
            if measured["value"] is None or value is None:
                assert value is measured["value"], (row, name)
            else:
                assert value == pytest.approx(measured["value"], rel=1e-4, abs=1e-5), (row, name)
    keys = [{record.key for record in load_records(tmp_path / name)} for name in ("one", "two")]
    assert keys[0] < keys[1]  # shards are in no key, but in the record
    assert {record.provenance["hardware"].get("shards") for record in load_records(tmp_path / "two")} == {2}
    assert {record.provenance["hardware"].get("shards") for record in load_records(tmp_path / "one")} == {None}
