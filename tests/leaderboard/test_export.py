import json
from io import StringIO

import numpy as np
import pandas as pd

import metrics
from benchmark.leaderboard.build import write
from tests.leaderboard.made_records import CONFIG, board_of, compared, make_record, measured, three_rows, yardstick


def test_csv_has_every_digit_and_every_column(tmp_path):
    third = 1 / 3
    write(tmp_path, board_of(tmp_path, make_record(quality=(third, 1e-300, 0.5), dirty=True, partial=True)))
    text = (tmp_path / "leaderboard.csv").read_text()
    table = pd.read_csv(StringIO(text), float_precision="round_trip")
    limits = [name for m in metrics.ORDER for name in (m, f"{m}_low", f"{m}_high")]
    first = [
        "method",
        "split",
        "block",
        "seeds",
        "n",
        "rank_low",
        "rank_high",
        "p_best",
        "p_front",
        "p_first",
        "rank_worst_low",
        "rank_worst_high",
        "p_best_worst",
    ]
    last = ["status", "minutes", "peak_memory_mib", "source", "marks", "epochs", "lr", "commit"]
    assert list(table.columns) == [*first, *limits, *last]
    assert table.loc[0, ["forget_quality", "forget_quality_low"]].tolist() == [third, 1e-300]
    assert np.isnan(table.loc[0, "model_utility"]) and ",," in text
    assert (table.loc[0, "marks"], table.loc[0, "source"]) == ("dirty partial", "run")


def test_json_says_what_is_known(tmp_path):
    board = three_rows(tmp_path)
    write(tmp_path, board)
    data = json.loads((tmp_path / "leaderboard.json").read_text())
    assert (data["board"], data["made"]) == ("quick", board.made)
    about = data["columns"]["forget_quality"]
    assert (about["direction"], about["range"], about["version"]) == ("higher", [0.0, 1.0], 1)
    last = data["rows"][2]
    assert (last["method"], last["seeds"], last["keys"]) == ("grad_ascent", [0], ["grad_ascent-forget10-0-1"])
    assert (last["role"], last["block"], last["rank"], last["commits"]) == ("method", "not ranked", None, ["abc123"])
    assert last["config"] == CONFIG
    assert last["metrics"]["forget_quality"] == {"value": 0.9, "low": 0.5, "high": 1.0, "seeds": 1}
    assert last["intervals"]["forget_quality"] == "authors"
    assert data["columns"]["distance_largest"]["range"] == [0.0, None]  # JSON has no infinity
    assert data["provenance"] == {
        "commits": ["abc123"],
        "dirty": [False, True],
        "packages": {"torch": ["2.13.0"]},
        "hardware": [{"processor": "some CPU", "cores": 2}],
    }
    assert data["datasets"] == [{"name": "fictitious", "identity": "c0"}]
    assert any(note.startswith("dirty:") and "grad_ascent forget10 seed 0" in note for note in data["notes"])


def test_ranks_blocks_and_recipe_are_exported(tmp_path):
    runs = [compared(name, error, seed=s) for name, error in (("near", 1.0), ("far", 5.0)) for s in (0, 3)]
    board = board_of(tmp_path, *yardstick(), *runs, make_record("refuse_all", role="control", config={}))
    write(tmp_path, board)
    table = pd.read_csv(tmp_path / "leaderboard.csv").set_index("method")
    assert table["block"].to_dict() == {
        "retrained": "models", "refuse_all": "controls", "far": "methods", "near": "methods"
    }  # fmt: skip
    assert table.loc[["near", "far"], ["rank_low", "rank_high"]].to_numpy().tolist() == [[1, 1], [2, 2]]
    assert table.loc["near", "p_best"] == 1.0 and np.isnan(table.loc["retrained", "p_best"])
    assert table.loc["near", ["seeds", "epochs", "lr", "commit"]].tolist() == ["0 3", 8, 5e-4, "abc123"]
    assert np.isnan(table.loc["refuse_all", "lr"])
    data = json.loads((tmp_path / "leaderboard.json").read_text())
    near = next(row for row in data["rows"] if row["method"] == "near")
    assert (near["rank"]["low"], near["rank"]["high"], near["rank"]["worse"]) == (1, 1, ["far"])
    assert data["told_apart"] == {"forget10": [1, 1]}


def test_results_have_a_line_a_run_and_metric_under_the_rows_name(tmp_path):
    runs = [
        make_record("npo", 0, quality=(0.5, 0.25, 0.75), utility=measured(None)),
        make_record("npo", 1, quality=(1 / 3, None, None)),
        make_record("npo", 1, key="lr", day=2, quality=(0.2,), config=CONFIG | {"dtype": "bfloat16"}),
        make_record("npo", 0, key="old", quality=(0.9,)),
    ]
    runs[3].created = "2025-12-31T00:00:00+00:00"  # superseded by the first
    write(tmp_path, board_of(tmp_path, *runs))
    table = pd.read_csv(tmp_path / "results.csv", float_precision="round_trip")
    assert "old" not in set(table["key"]) and len(table) == 4
    by_key = {(row.key, row.metric): row for row in table.itertuples()}
    first = by_key["npo-forget10-0-1", "forget_quality"]
    assert (first.method, first.seed, first.value, first.low, first.high) == ("npo", 0, 0.5, 0.25, 0.75)
    assert (first.interval, first.n, first.status) == ("authors", 40, "ok")
    assert by_key["npo-forget10-0-1", "model_utility"].undefined == "no retrained reference"
    assert by_key["npo-forget10-1-1", "forget_quality"].value == 1 / 3
    assert by_key["lr", "forget_quality"].method == "npo [dtype=bfloat16]"
