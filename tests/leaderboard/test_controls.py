"""Controls on a board: what takes a cheat for forgetting is named, and the published boards' headline is not fooled."""

import json
from collections import Counter

import pytest
from scipy.stats import spearmanr

from benchmark.leaderboard.controls import CHEATS
from tests.conftest import ROOT
from tests.leaderboard.made_records import board_of, make_record

PUBLISHED = ROOT / "results" / "published"
BOARDS = [  # with controls, and with methods to compare them with
    path.parent.name
    for path in sorted(PUBLISHED.glob("*/leaderboard.json"))
    for roles in [Counter(row.get("role") for row in json.loads(path.read_text(encoding="utf-8"))["rows"])]
    if roles["control"] and roles["method"] > 5
]

MINI = ("smollm2-mini", "smollm2-mini-processor")  # one board on two processors
TOFU = ("tofu-small", "tofu-small-relearn")
BEATEN = (*MINI, *TOFU)  # by a cheat, which must be named
ONE_DOSE = tuple((name, "dose-") for name in (*MINI, *TOFU))  # no order
TOO_FEW = (*ONE_DOSE, *((mini, "interpolated-") for mini in MINI))


def row(name, role, far, kept, left=(0.5, 0.4, 0.6), quality=0.001):
    numbers = {"distance_largest": (far, None, None), "utility_kept": (kept, None, None), "residual": left}
    return make_record(name, role=role, quality=(quality, None, None), metrics=numbers)


def notes(folder, *controls):
    board = board_of(folder, row("npo", "method", 3.0, 0.95), *controls)
    return [note for note in board.notes if "cannot tell" in note]


def test_a_column_that_is_fooled_is_named(tmp_path):
    (note,) = notes(tmp_path / "a", row("guardrail", "control", 5.0, 1.0, (0.0, -0.3, 0.3)))
    assert note.startswith("forget10: residual cannot tell guardrail from forgetting")
    (note,) = notes(tmp_path / "b", row("temperature", "control", 2.9, 1.0))
    assert note.startswith("forget10: distance with utility kept cannot tell temperature")
    (note,) = notes(tmp_path / "c", row("temperature", "control", 5.0, 1.0, quality=0.2))
    assert "TOFU's forget quality" in note


def test_what_is_not_fooled_is_not_named(tmp_path):
    assert notes(tmp_path / "a", row("temperature", "control", 2.0, 0.1)) == []  # it lost its utility
    assert notes(tmp_path / "b", row("interpolated-0.25", "control", 1.5, 0.99)) == []  # made of a retrained model
    assert notes(tmp_path / "c", row("guardrail", "control", 5.0, 1.0)) == []


def published(name):
    rows = json.loads((PUBLISHED / name / "leaderboard.json").read_text(encoding="utf-8"))["rows"]
    return {row["method"]: row for row in rows}


def value(row, column):
    return row["metrics"][column]["value"]


@pytest.mark.parametrize("name", [name for name in BOARDS if name not in BEATEN])
def test_no_cheat_beats_the_best_honest_method(name):
    rows = published(name)
    best = min(value(row, "distance_largest") for row in rows.values() if row["block"] == "methods")
    for cheat in CHEATS:
        assert value(rows[cheat], "distance_largest") > best or value(rows[cheat], "utility_kept") < 0.9, cheat


@pytest.mark.parametrize("name", BEATEN)
def test_the_cheat_that_beats_all_methods_is_named(name):
    """They have hardly forgotten (results/published/details.md)."""
    notes = json.loads((PUBLISHED / name / "leaderboard.json").read_text(encoding="utf-8"))["notes"]
    assert any("distance with utility kept cannot tell random_answer" in note for note in notes)


@pytest.mark.parametrize("column", ["distance_largest", "residual"])
@pytest.mark.parametrize(
    ("name", "kind"),
    [(name, kind) for name in BOARDS for kind in ("interpolated-", "dose-") if (name, kind) not in TOO_FEW],
)
def test_what_is_left_is_measured_as_left(name, column, kind):
    rows = published(name)
    shares = {0.0: rows["retrained"], 1.0: rows["finetuned"]}
    shares |= {float(method.removeprefix(kind)): row for method, row in rows.items() if method.startswith(kind)}
    assert len(shares) >= 4
    assert spearmanr(list(shares), [value(row, column) for row in shares.values()]).statistic >= 0.9
