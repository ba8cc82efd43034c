"""The preset of a row makes the same run: it is read by the project's own reader, and holds what the record holds."""

import json

import pytest

from benchmark.config.load import load_preset
from benchmark.leaderboard.build import build
from benchmark.page.preset_text import command, preset_text
from tests.conftest import ROOT
from tests.leaderboard.made_records import board_of, make_record, only
from tests.page.made_pages import SCRIPT

PUBLISHED = ROOT / "results" / "published"


@pytest.mark.parametrize("name", ["quick", "quick-all"])  # of version 0.3 and of 0.1, whose tables had other names
def test_a_published_row_is_a_preset(name, tmp_path):
    entries = [entry for entry in build(PUBLISHED / name).rows if entry.role == "method"]
    assert entries
    for entry in entries:
        (tmp_path / "row.toml").write_text(preset_text(entry, name, [0, 1]), encoding="utf-8")
        preset = load_preset(tmp_path / "row.toml")
        assert preset.methods == [entry.name] and preset.splits == [entry.split] and preset.retrained_seeds == [0, 1]
        assert preset.fields_of(entry.name) == set_values(entry.config["method"])
        assert json.loads(preset.training_of(entry.name).model_dump_json()) == entry.config["training"]
        assert preset.finetuning.lr == entry.config["finetuning"]["lr"]


def set_values(table):
    """TOML has no None: what is None is left to its default."""
    return {key: value for key, value in table.items() if value is not None}


def test_settings_of_any_text_stay_toml(tmp_path):
    text = f'"""[x]\\ {SCRIPT} é '
    config = {"model": {"source": text, "finetuned": None}, "method": {"note": text}, "unknown": 1}
    entry = only(
        board_of(tmp_path, make_record("a@b=1", config=config, metrics={"distance_largest": (1.0, None, None)}))
    )
    (tmp_path / "row.toml").write_text(preset_text(entry, "it's", []), encoding="utf-8")
    preset = load_preset(tmp_path / "row.toml")
    assert preset.model.source == text and preset.fields_of("a@b=1") == {"note": text} and preset.name == "it's"


def test_the_command_says_what_makes_the_row(tmp_path):
    method = only(board_of(tmp_path / "a", make_record("npo", metrics={"distance_largest": (1.0, None, None)})))
    model = only(board_of(tmp_path / "b", make_record("base", metrics={"distance_largest": (1.0, None, None)})))
    log = only(
        board_of(tmp_path / "c", make_record("npo", source="imported", metrics={"distance_largest": (1.0, None, None)}))
    )
    assert command(method, "quick") == "python run_benchmark.py run --preset row.toml"
    assert command(model, "my board") == "python run_benchmark.py run --preset 'my board'"
    assert command(log, "quick").startswith("python run_benchmark.py import ")
