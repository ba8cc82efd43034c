import json
from io import StringIO

import numpy as np
import pandas as pd

import metrics
from benchmark.leaderboard.build import write
from tests.leaderboard.made_records import CONFIG, board_of, make_record, three_rows


def test_csv_has_every_digit_and_every_column(tmp_path):
    third = 1 / 3
    write(tmp_path, board_of(tmp_path, make_record(quality=(third, 1e-300, 0.5), dirty=True, partial=True)))
    text = (tmp_path / "leaderboard.csv").read_text()
    table = pd.read_csv(StringIO(text), float_precision="round_trip")
    limits = [name for m in metrics.ORDER for name in (m, f"{m}_low", f"{m}_high")]
    last = ["status", "minutes", "peak_memory_mib", "source", "marks"]
    assert list(table.columns) == ["method", "split", "seeds", "n", *limits, *last]
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
    npo = data["rows"][1]
    assert (npo["method"], npo["seeds"], npo["keys"]) == ("grad_ascent", [0], ["grad_ascent-forget10-0-1"])
    assert npo["config"] == CONFIG
    assert npo["metrics"]["forget_quality"] == {"value": 0.9, "low": 0.5, "high": 1.0, "seeds": 1}
    assert npo["intervals"]["forget_quality"] == "authors"
    assert data["provenance"] == {
        "commits": ["abc123"],
        "dirty": [False, True],
        "packages": {"torch": ["2.13.0"]},
        "hardware": [{"processor": "some CPU", "cores": 2}],
    }
    assert data["datasets"] == [{"name": "fictitious", "identity": "c0"}]
    assert any(note.startswith("dirty:") and "grad_ascent forget10 seed 0" in note for note in data["notes"])
