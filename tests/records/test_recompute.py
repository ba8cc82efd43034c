"""Records brought up to date from their stored scores, on boards made by hand."""

import json
import math
from dataclasses import replace
from pathlib import Path

import pytest

import metrics
from benchmark.common.errors import UserError
from benchmark.evaluation.scores import Scores
from benchmark.records.recompute import recompute, table
from benchmark.records.record import REFERENCE_ROWS, Record, load_record, record_path, save_record, scores_path
from benchmark.records.score_files import load_scores
from metrics.base import Measurement
from tests.metrics.factory import random_scores

SMALL = (12, 12, 6, 6)
NAMES = ["probability", "forget_quality"]


def scores_of(seed: int) -> Scores:
    """Every model has its own numbers on the same texts."""
    mine, texts = random_scores(seed, SMALL), random_scores(0, SMALL)
    return Scores({name: replace(part, gold=texts[name].gold) for name, part in mine.sets.items()})


def save(folder: Path, method: str, seed: int, names=NAMES, reference: Record | None = None, **fields) -> Record:
    """A record with scores of its own, measured as they lie in the file."""
    values = {"key": f"{method}{seed}", "status": "ok"} | fields
    role = "model" if method in REFERENCE_ROWS else "method"
    record = Record(board="b", method=method, split="forget10", seed=seed, role=role, **values)
    record.compared_with = {"retrained": [reference.key] if reference else [], "finetuned": [], "doses": []}
    save_record(folder, record, scores_of(seed))
    path = record_path(folder, method, record.key)
    other = reference and load_scores(scores_path(record_path(folder, reference.method, reference.key)))
    references = metrics.References((other,) if other else ())
    measured = metrics.measure_all(load_scores(scores_path(path)), references, names=names)
    record.metrics = {column: m.to_json() for column, m in measured.items()}
    save_record(folder, record, None)
    return record


@pytest.fixture
def folder(tmp_path) -> Path:
    retrained = save(tmp_path, "retrained", 1, reference=None)
    save(tmp_path, "npo", 2, reference=retrained)
    save(tmp_path, "npo", 3, reference=retrained)
    return tmp_path


def update_of(updates, label):
    return next(u for u in updates if u.label.startswith(label))


def edit(folder: Path, change) -> Path:
    path = record_path(folder, "npo", "npo2")
    data = json.loads(path.read_text())
    change(data)
    data.pop("checksum", None)
    path.write_text(json.dumps(data))
    return path


def test_nothing_changes_where_everything_is_there(folder):
    before = {p: p.read_bytes() for p in folder.rglob("*.json")}
    updates = recompute(folder, NAMES)
    assert [u.label for u in updates] == [
        "npo forget10 seed 2",
        "npo forget10 seed 3",
        "retrained forget10 seed 1",
    ]
    for update in updates:
        assert not (update.added or update.changed or update.differs or update.skipped)
        assert len(update.same) == 5
    assert {p: p.read_bytes() for p in folder.rglob("*.json")} == before


def test_a_new_metric_is_added_with_its_reference(folder):
    update = update_of(recompute(folder, ["ks_statistic"]), "npo forget10 seed 2")
    assert update.added == ["ks_statistic"]
    stored = load_record(record_path(folder, "npo", "npo2")).metrics
    paths = [scores_path(record_path(folder, *run)) for run in (("npo", "npo2"), ("retrained", "retrained1"))]
    ours, theirs = map(load_scores, paths)
    expected = metrics.measure_all(ours, metrics.References((theirs,)), names=["ks_statistic"])["ks_statistic"]
    assert Measurement.from_json(stored["ks_statistic"]) == expected
    assert "forget_quality" in stored  # what was there stays


def test_all_metrics_by_default(folder):
    assert set(recompute(folder)[0].values) >= set(metrics.ORDER)


def test_an_old_version_is_replaced(folder):
    path = edit(folder, lambda d: d["metrics"]["forget_quality"].update(version=0, value=0.123))
    update = update_of(recompute(folder, ["forget_quality"]), "npo forget10 seed 2")
    assert update.changed == ["forget_quality"] and not update.differs
    assert load_record(path).value("forget_quality") == update.values["forget_quality"] != 0.123
    assert load_record(path).metrics["forget_quality"]["version"] == 1


@pytest.mark.parametrize(("version", "value"), [(1, 0.123), (1, None), (2, 0.5)])
def test_another_value_of_the_same_or_a_later_version_is_reported_and_kept(folder, version, value):
    path = edit(folder, lambda d: d["metrics"]["forget_quality"].update(version=version, value=value))
    before = path.read_bytes()
    update = update_of(recompute(folder, ["forget_quality"]), "npo forget10 seed 2")
    assert len(update.differs) == 1 and "forget_quality" in update.differs[0]
    assert path.read_bytes() == before
    assert "DIFFERS" in update.line()


def test_records_that_were_compared_with_other_models_wait_for_the_board(folder):
    """Else a column would be of two retrained models, the others of one, and nobody would compare them again."""
    save(folder, "retrained", 4)
    before = record_path(folder, "npo", "npo2").read_bytes()
    update = update_of(recompute(folder, ["ks_statistic"]), "npo forget10 seed 2")
    assert "run the board's command again" in update.skipped
    assert record_path(folder, "npo", "npo2").read_bytes() == before
    update = update_of(recompute(folder, ["ks_statistic", "exact_memorization"]), "npo forget10 seed 2")
    assert update.added == ["forget_exact_memorization"]
    assert load_record(record_path(folder, "npo", "npo2")).compared_with["retrained"] == ["retrained1"]


def test_what_a_killed_run_left_half_written_is_no_record(folder):
    path = record_path(folder, "npo", "npo2")
    path.with_name(".npo9.123.part.json").write_text("{")
    assert len(recompute(folder, NAMES)) == 3


def test_damaged_scores_are_named_and_the_others_done(folder):
    path = scores_path(record_path(folder, "npo", "npo2"))
    path.write_bytes(path.read_bytes()[:200])
    updates = recompute(folder, ["ks_statistic"])
    assert str(path) in update_of(updates, "npo forget10 seed 2").skipped
    assert update_of(updates, "npo forget10 seed 3").added == ["ks_statistic"]


def test_parquet_that_holds_no_scores_is_named(folder):
    import pandas as pd

    path = scores_path(record_path(folder, "npo", "npo2"))
    pd.DataFrame({"a": [1]}).to_parquet(path)
    assert str(path) in update_of(recompute(folder, NAMES), "npo forget10 seed 2").skipped


def test_a_missing_reference_is_named_and_nothing_is_written(folder):
    scores_path(record_path(folder, "retrained", "retrained1")).unlink()
    before = record_path(folder, "npo", "npo2").read_bytes()
    updates = recompute(folder, ["ks_statistic"])
    assert "retrained1.parquet" in update_of(updates, "npo forget10 seed 2").skipped
    assert record_path(folder, "npo", "npo2").read_bytes() == before


def test_a_damaged_record_is_named_and_the_others_done(folder):
    record_path(folder, "npo", "npo2").write_text("{")
    updates = recompute(folder, ["ks_statistic"])
    assert "damaged" in update_of(updates, "npo/npo2.json").skipped
    assert update_of(updates, "npo forget10 seed 3").added == ["ks_statistic"]


@pytest.mark.parametrize(
    ("fields", "reason"),
    [({"status": "failed"}, "failed"), ({"status": "diverged"}, "diverged"), ({"source": "imported"}, "summary")],
)
def test_records_without_scores_are_skipped(folder, fields, reason):
    values = {"key": "k", "status": "ok"} | fields
    save_record(folder, Record(board="b", method="gone", split="forget10", seed=0, **values), None)
    update = update_of(recompute(folder, NAMES), "gone")
    assert reason in update.skipped and "skipped" in update.line()


def test_a_metric_of_ones_own_by_its_path(folder, tmp_path):
    file = tmp_path / "longest.py"
    file.write_text(
        '"""Words of the longest gold answer of the forget rows."""\n'
        "from metrics.base import Measurement, Metric\n\n\n"
        "class Longest(Metric):\n"
        '    name, version, direction, unit, reads, source = "longest", 1, "higher", "words", ("gold",), "test"\n'
        '    range, sets = (0.0, 1e9), ("forget",)\n\n'
        "    def measure(self, scores, references=None):\n"
        '        return {"longest": Measurement(float(max(len(g.split()) for g in scores["forget"].gold)), 1)}\n'
    )
    updates = recompute(folder, [str(file)])
    header, rows = table(updates)
    assert header == ["run", "longest"]
    assert rows == [[u.label, "15"] for u in updates]  # the factory's gold answers have 15 words
    assert load_record(record_path(folder, "npo", "npo2")).value("longest") == 15


def test_unknown_metrics_and_empty_folders_are_refused(folder, tmp_path):
    with pytest.raises(UserError, match="did you mean 'forget_quality'"):
        recompute(folder, ["forget_qualty"])
    with pytest.raises(UserError, match="holds no records"):
        recompute(tmp_path / "none")


def test_table_shows_what_is_undefined():
    from benchmark.records.recompute import Update

    header, rows = table([Update("a", {"x": None, "y": math.pi}), Update("b", skipped="gone")])
    assert header == ["run", "x", "y"]
    assert rows == [["a", "–", "3.14159"], ["b", "–", "–"]]
