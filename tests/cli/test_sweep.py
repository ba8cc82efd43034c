"""``sweep``, and ``run --tune``, which begins with one."""

import csv
import json
import tomllib

from tests.board_fixtures import only_record, watch
from tests.cli.test_cli import SETS, invoke


def test_sweep_shares_the_boards_models_and_chooses(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    grid = (
        "--preset",
        "quick",
        "--methods",
        "grad_ascent,idk",
        *SETS,
        "--set",
        "sweep.sets=both",
        "--set",
        "sweep.trials=3",
    )
    result = invoke("sweep", "--grid", "lr=1e-4,1e-3", *grid)
    assert result.exit_code == 0, result.output
    assert len(list(tmp_path.glob("results/quick/cache/models/finetuned-*"))) == 1
    folder = tmp_path / "results/quick-sweep"
    assert not (folder / "cache").exists()
    with (folder / "sweep.csv").open() as file:
        trials = list(csv.DictReader(file))
    assert [row["method"] for row in trials] == ["finetuned", "base", *["grad_ascent"] * 3, *["idk"] * 3]
    assert [row["changes"] for row in trials[2:4]] == ["lr=0.0001", "lr=0.001"]
    assert all(0 <= float(row["forget_probability"]) <= 1 for row in trials)
    with (folder / "sensitivity.csv").open() as file:
        assert {"place", "forget_quality", "changes"} <= set(next(csv.reader(file)))
    seen = watch(monkeypatch)
    assert invoke("run", *grid).exit_code == 0
    assert not [model for model in seen.models if not model.startswith("retrained")] and len(seen.runs) == 6


def test_sweep_stops_in_time_and_says_that_it_is_not_finished(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = invoke("sweep", "--preset", "quick", "--methods", "grad_ascent", *SETS, "--time-limit", "0")
    assert result.exit_code == 0 and "the time limit ended the sweep before its choice" in result.output
    assert not (tmp_path / "results/quick-sweep/sweep.csv").exists()


def test_tuned_board_takes_what_its_sweep_chose(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    grid = (
        "--set",
        "sweep.values=[1e-4, 1e-3]",
        "--set",
        "sweep.trials=2",
        "--set",
        "sweep.limit=3",
        "--preset",
        "quick",
    )
    asked = ("run", "--tune", "--methods", "grad_ascent,teacher,grad_ascent@retain=rt", *SETS, *grid)
    result = invoke(*asked)
    assert result.exit_code == 0, result.output
    settings = tomllib.loads((tmp_path / "results/quick-sweep/selected.toml").read_text())["settings"]
    chosen = settings["grad_ascent"]
    assert chosen["tuning"]["trials"] == 2
    folder = tmp_path / "results/quick"
    for name in ("grad_ascent", "grad_ascent@retain=rt"):  # the row with a changed field takes its method's value
        record = json.loads(only_record(folder, name).read_text())
        assert record["config"]["training"]["lr"] == chosen["training"]["lr"]
        assert record["config"]["scoring"]["limit"] == 4 and record["config"]["tuning"]["trials"] == 2
    trials = [
        json.loads(path.read_text()) for path in (tmp_path / "results/quick-sweep/records/grad_ascent").glob("*.json")
    ]
    assert len(trials) == 2
    # Blind: no retrained model is scored, and nothing is compared with one.
    assert not (tmp_path / "results/quick-sweep/records/retrained").exists()
    assert all(trial["metrics"]["forget_quality"]["value"] is None for trial in trials)
    seen = watch(monkeypatch)
    assert invoke(*asked).exit_code == 0 and seen.runs == seen.models == []
    assert invoke(*asked, "--fresh").exit_code == 0
    assert seen.models.count("finetuned") == 1  # the sweep's model is the board's
    # Another grid in the same folder: the trial that it no longer has does not count.
    assert invoke(*asked, "--set", "sweep.values=[1e-4]", "--set", "sweep.trials=1").exit_code == 0
    settings = tomllib.loads((tmp_path / "results/quick-sweep/selected.toml").read_text())["settings"]
    assert settings["grad_ascent"]["training"]["lr"] == 1e-4
