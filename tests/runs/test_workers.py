"""Where runs execute: which device a worker takes, and that nothing begins before what it needs."""

from concurrent.futures import Future

import pytest
import torch

from benchmark.runs import workers as launch
from benchmark.runs.plan import Plan
from benchmark.runs.workers import Launcher, on_own_gpu
from tests.board_fixtures import micro


def devices(workers, gpus, device, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: gpus > 0)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: gpus)
    preset = micro(f"launch.device={device}")
    return [on_own_gpu(preset, number).launch.device for number in range(workers)]


def test_workers_take_gpus_in_turn(monkeypatch):
    assert devices(5, 2, "auto", monkeypatch) == ["cuda:0", "cuda:1", "cuda:0", "cuda:1", "cuda:0"]
    assert devices(2, 1, "cuda", monkeypatch) == ["cuda", "cuda"]
    assert devices(2, 0, "auto", monkeypatch) == ["auto", "auto"]
    assert devices(2, 4, "cpu", monkeypatch) == ["cpu", "cpu"]
    assert devices(2, 4, "cuda:3", monkeypatch) == ["cuda:3", "cuda:3"]  # asked for by name


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("[enforce fail at alloc_cpu.cpp:127] DefaultCPUAllocator: can't allocate memory", MemoryError),
        ("shapes do not match", RuntimeError),
    ],
)
def test_torch_s_lack_of_memory_is_python_s(said, kind, monkeypatch):
    """It may come after the run's own failure was noted, where nothing else would keep it from ending the board."""

    def perform(checkpoints, task):
        raise RuntimeError(said)

    monkeypatch.setattr(launch, "_worker", object())
    monkeypatch.setattr(launch, "perform", perform)
    with pytest.raises(kind, match=said[-10:]):
        launch._work("a")


class Pool:
    """Finishes what was submitted first when it is asked what has finished; notes what ran together."""

    def __init__(self, monkeypatch):
        self.running, self.together = {}, []
        monkeypatch.setattr(launch, "wait", self.wait)

    def submit(self, call, task):
        future = Future()
        self.running[future] = task
        self.together.append("".join(self.running.values()))
        return future

    def wait(self, running, return_when):
        first = next(future for future in self.running if future in running)
        del self.running[first]
        first.set_result(None)
        return type("Waited", (), {"done": {first}})


def ran(needs, workers, monkeypatch, may_begin=lambda task: True):
    launcher = Launcher(micro(), None, None, workers, may_begin)
    launcher._pool = pool = Pool(monkeypatch)
    done = []
    plan = Plan(list(needs), {task: set(before) for task, before in needs.items()}, 0, 0, dict.fromkeys(needs, 1.0))
    left = launcher.run(plan, lambda task, record: done.append(task))
    return done, pool.together, left


def test_tasks_begin_as_soon_as_what_they_need_is_there(monkeypatch):
    needs = {"b": "", "r": "b", "R": "br", "f": "b", "F": "bfR", "s": "b"}
    done, together, left = ran(needs, 2, monkeypatch)
    # b alone; r beside f, which overtakes R; then R beside s, since F waits for R.
    assert together == ["b", "r", "rf", "fR", "Rs", "sF"]
    assert (done, left) == (["b", "r", "f", "R", "s", "F"], 0)
    assert all(done.index(before) < done.index(task) for task in needs for before in needs[task])


def test_nothing_begins_after_a_refusal(monkeypatch):
    needs = {"b": "", "r": "b", "f": "b", "s": "b"}
    done, _, left = ran(needs, 2, monkeypatch, may_begin=lambda task: task != "f")
    assert (done, left) == (["b", "r"], 2)
