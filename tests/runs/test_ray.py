"""Boards on a Ray cluster of three nodes in this machine, two of which compute: the same numbers, whatever is lost on the way."""

from __future__ import annotations

import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import Future

import pytest

from benchmark.common.errors import UserError
from benchmark.records.record import load_record
from benchmark.runs.board import run_board
from benchmark.runs.plan import Plan, plan_board
from tests.board_fixtures import MICRO, half_written, method_file, micro, numbers, only_record
from tests.conftest import ROOT

ray = pytest.importorskip("ray", reason="Ray is not installed: pip install -e '.[test]' has it")
from ray.cluster_utils import Cluster  # noqa: E402
from ray.exceptions import RayTaskError, RuntimeEnvSetupError, TaskCancelledError, WorkerCrashedError  # noqa: E402

from benchmark.runs.launchers import ray as launcher  # noqa: E402
from benchmark.runs.launchers.connect import all_see  # noqa: E402
from benchmark.runs.launchers.losses import outcome, ready  # noqa: E402

pytestmark = [pytest.mark.cluster, pytest.mark.xdist_group("cluster")]
BY_RAY = "launch.launcher=ray"
NODE = {"num_cpus": 1, "object_store_memory": 100 * 2**20}


@pytest.fixture(scope="module")
def cluster():
    """This process is a driver, and so the workers of one test are there for the next."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        patch.setenv("RAY_worker_niceness", "0")  # beside other tests, workers at Ray's 15 hardly run
        patch.setenv("RAY_task_oom_retries", "0")
        head = {**NODE, "num_cpus": 0, "include_dashboard": False}
        cluster = Cluster()
        try:
            cluster.add_node(**head)
            cluster.connect()
            for _ in range(2):
                cluster.add_node(**NODE)
            yield cluster
        except Exception as error:
            if "timed out during startup" not in str(error):
                raise
            pytest.skip("Ray gives a node 30 seconds to start, and this machine is too busy for that")
        finally:
            ray.shutdown()
            cluster.shutdown()


def run(preset, folder, **options):
    return run_board(preset, folder, say=lambda text: None, **options)


def until(condition, seconds=300):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.1)


def files(folder, pattern):
    """Content of the files by name: keys name records and models, in whatever folder."""
    return {f"{path.parent.name}/{path.name}": path.read_bytes() for path in folder.rglob(pattern)}


def same(made, expected, rows):
    """The board has these rows, with the numbers, the scores and the models of another one."""
    assert numbers(made) == {row: numbers(expected)[row] for row in rows}
    for pattern in ("*.parquet", "*.safetensors"):
        found = files(made, pattern)
        assert found and found == {name: files(expected, pattern)[name] for name in found}
    assert not half_written(made) and not list(made.glob(".shared-*"))


def test_three_nodes_make_the_local_board(cluster, made_board, tmp_path, capsys):
    run(micro(BY_RAY), tmp_path / "by-ray")
    same(tmp_path / "by-ray", made_board, numbers(made_board))
    shown = capsys.readouterr().err.replace("\n", " ")
    assert "Ray cluster of 3 nodes, 2 CPUs" in shown and "files in the shared folder" in shown
    assert len(set(re.findall(r"\[\S+/(\w{4}):\d+\]", shown))) == 2  # nodes
    assert plan_board(micro(), tmp_path / "by-ray").tasks == []


def test_folder_is_shared_if_every_node_sees_it(cluster, tmp_path):
    (tmp_path / "marker").touch()
    assert all_see(tmp_path / "marker") and not all_see(tmp_path / "absent")


def test_without_a_shared_folder_files_go_through_the_object_store(cluster, made_board, board, tmp_path, monkeypatch):
    preset = micro(BY_RAY, methods=["rkld", "grad_ascent", method_file(tmp_path, "mine")])
    local = shutil.copytree(made_board, tmp_path / "local")
    run(preset.model_copy(update={"launch": micro().launch}), local)
    shutil.rmtree(board / "records" / "rkld")
    (reinforced,) = (board / "cache" / "models").glob("reinforced-*")  # made anew, of the fine-tuned one that is there
    shutil.rmtree(reinforced)
    monkeypatch.setattr(launcher, "all_see", lambda path: False)
    run(preset, board)
    same(board, local, numbers(local))


def test_time_limit_holds(cluster, board, tmp_path):
    body = "import time\n        for _ in range(3000): time.sleep(0.1)"
    lines = []
    slow = micro(BY_RAY, methods=[method_file(tmp_path, name, body) for name in ("slow", "slower")])
    run_board(slow, board, time_limit=0, say=lines.append)
    assert lines[-1] == "the time limit left 2 tasks undone; the same command goes on with them"
    assert not list(board.glob("records/slow*")) and not half_written(board)


def test_task_that_was_killed_is_run_alone_and_then_recorded_as_failed(cluster, board, tmp_path, monkeypatch):
    kill = "__import__('os').kill(__import__('os').getpid(), 9)"
    once = f"(p := Path({str(tmp_path / 'once')!r})).exists() or (p.touch(), {kill})"
    methods = [method_file(tmp_path, name, body) for name, body in (("dies", kill), ("weak", once), ("mine", ""))]
    monkeypatch.setattr(launcher, "RETRIES", 0)
    run(micro(BY_RAY, methods=methods), board)
    found = {name: load_record(only_record(board, name)) for name in ("dies", "weak", "mine")}
    assert {name: record.status for name, record in found.items()} == {"dies": "failed", "weak": "ok", "mine": "ok"}
    assert found["dies"].reason.startswith("WorkerCrashedError: ")
    assert found["weak"].metrics == found["mine"].metrics


@pytest.mark.drill
def test_killed_driver_leaves_what_the_next_one_goes_on_with(cluster, made_board, tmp_path):
    folder = tmp_path / "by-ray"
    changes = [part for change in [*MICRO, f"launch.address={cluster.address}"] for part in ("--set", change)]
    command = [
        "run_benchmark.py",
        "run",
        "--launcher",
        "ray",
        "--methods",
        "grad_ascent",
        "--out",
        str(folder),
        *changes,
    ]
    driver = subprocess.Popen([sys.executable, *command], cwd=ROOT, stderr=subprocess.DEVNULL)
    until(lambda: list(folder.glob("records/*/*.json")) or driver.poll() is not None)
    driver.send_signal(signal.SIGKILL)
    assert driver.wait() == -signal.SIGKILL
    before = {path: path.stat().st_mtime_ns for path in folder.glob("records/*/*.parquet")}
    run(micro(BY_RAY, methods=["grad_ascent"]), folder)
    same(folder, made_board, [row for row in numbers(made_board) if not row.startswith("rkld")])
    assert before and {path: path.stat().st_mtime_ns for path in before} == before


@pytest.mark.drill
def test_node_that_is_lost_has_its_tasks_done_elsewhere(cluster, made_board, tmp_path):
    """The last test: it takes the node from the cluster."""
    place = tmp_path / "place"
    body = f"""if not Path({str(place)!r}).exists():
            import ray, time
            Path({str(place)!r}).write_text(ray.get_runtime_context().get_node_id())
            time.sleep(3000)"""
    lost = []

    def remove():
        until(lambda: place.exists() and place.read_text())
        lost.extend(node for node in cluster.worker_nodes if node.node_id == place.read_text())
        cluster.remove_node(lost[0], allow_graceful=False)

    board = shutil.copytree(made_board, tmp_path / "by-ray")
    shutil.rmtree(board / "records" / "rkld")
    thread = threading.Thread(target=remove)
    thread.start()
    run(micro(BY_RAY, methods=["rkld", "grad_ascent", method_file(tmp_path, "mine", body)]), board)
    thread.join()
    assert len(lost) == 1 and load_record(only_record(board, "mine")).status == "ok"
    rows = {row: metrics for row, metrics in numbers(board).items() if not row.startswith("mine")}
    assert rows == numbers(made_board)


def test_losses_are_told_from_what_a_task_raised_itself():
    def after(error):
        future = Future()
        future.set_exception(error)
        return outcome(future, "base")

    def raised(cause):
        return RayTaskError("work", "", cause).as_instanceof_cause()

    assert after(TaskCancelledError()) is None and after(raised(WorkerCrashedError())) is None  # of what it needs
    with pytest.raises(WorkerCrashedError):
        after(WorkerCrashedError())
    with pytest.raises(UserError, match="^training base broke$"):
        after(raised(UserError("training base broke")))
    with pytest.raises(UserError, match="cannot run base .*; install unlearn-bench"):
        after(raised(ModuleNotFoundError("No module named 'benchmark'")))
    with pytest.raises(UserError, match="Ray could not run base"):
        after(RuntimeEnvSetupError("no space"))


def test_what_needs_something_lost_waits():
    needs = {"b": "", "r": "b", "f": "b", "F": "f", "s": "bF"}
    plan = Plan(list(needs), {task: set(before) for task, before in needs.items()}, 0, 0, {})
    assert ready(list("brFs"), plan, {"f"}) == ["b", "r"]
    assert ready(list("rs"), plan, set()) == ["r", "s"]
