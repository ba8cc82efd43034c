"""Which models a run is compared with, and that records are brought up to date when there are more of them."""

import json
import zlib
from dataclasses import replace

import numpy as np
import pytest

import metrics
from benchmark.records.comparison import ReferenceShelf, compare_records, comparing_metrics
from benchmark.records.record import (
    INFINITE,
    REFERENCE_ROWS,
    Record,
    load_records,
    record_path,
    save_record,
    scores_path,
)
from benchmark.records.score_files import load_scores
from tests.metrics.factory import random_scores

SIZES = (12, 12, 6, 6, 12)


def save(folder, method, seed, key=None, recipe="a", finetuning_seed=0, split="forget10", created=None):
    texts = random_scores(0, SIZES)
    mine = random_scores(zlib.crc32(f"{method} {seed} {recipe}".encode()), SIZES)
    scores = replace(mine, sets={n: replace(p, gold=texts[n].gold) for n, p in mine.sets.items()})
    more = {"created": created} if created else {}
    config = {"dtype": recipe, "finetuning_seed": finetuning_seed}
    role = "model" if method in REFERENCE_ROWS else "control" if method.startswith("dose") else "method"
    record = Record(key=key or f"{method}{seed}{recipe}{finetuning_seed}", board="b", method=method, split=split, role=role,
                    dose=float(method[5:]) if role == "control" else None, seed=seed, status="ok", config=config, **more)  # fmt: skip
    record.metrics = {column: m.to_json() for column, m in metrics.measure_all(scores).items()}
    save_record(folder, record, scores)
    return record


def keys(folder, record):
    return ReferenceShelf(folder, load_records(folder)).keys_of(record)


def test_a_run_is_compared_with_models_of_its_own_recipe(tmp_path):
    npo = save(tmp_path, "npo", 0)
    retrained = [save(tmp_path, "retrained", seed) for seed in (2, 0, 1)]
    finetuned = [save(tmp_path, "finetuned", seed, finetuning_seed=seed) for seed in (0, 1)]
    save(tmp_path, "retrained", 3, recipe="b")
    save(tmp_path, "retrained", 3, split="forget01", key="other split")
    ordered = [retrained[1].key, retrained[2].key, retrained[0].key]
    assert keys(tmp_path, npo) == {"retrained": ordered, "finetuned": [finetuned[0].key], "doses": []}
    other = save(tmp_path, "npo", 0, finetuning_seed=1)
    assert keys(tmp_path, other)["finetuned"] == [finetuned[1].key]
    assert keys(tmp_path, retrained[2])["retrained"] == [ordered[0], ordered[2]]  # never with itself


def test_doses_are_kept_by_their_share(tmp_path):
    npo = save(tmp_path, "npo", 0)
    doses = [save(tmp_path, f"dose-{share}", seed) for share, seed in [("0.25", 0), ("0.1", 1), ("0.1", 0)]]
    save(tmp_path, "dose-0.1", 0, recipe="b")
    assert keys(tmp_path, npo)["doses"] == [doses[2].key, doses[1].key, doses[0].key]
    references = ReferenceShelf(tmp_path, load_records(tmp_path)).references_of(npo)
    assert {share: len(models) for share, models in references.doses.items()} == {0.1: 2, 0.25: 1}


def test_a_record_holds_its_forget_rows(tmp_path):
    record = save(tmp_path, "npo", 0)
    compare_records(tmp_path)
    (stored,) = load_records(tmp_path)
    scores = load_scores(scores_path(record_path(tmp_path, "npo", record.key)))
    assert stored.forget_rows["author"] == scores["forget"].authors.tolist()
    expected = [None if np.isnan(x) else x for x in (-scores["forget"].answer_nll()).tolist()]
    assert stored.forget_rows["gold"] == pytest.approx(expected, rel=1e-6)
    assert len(stored.forget_rows["truth_ratio"]) == len(scores["forget"])


def test_an_impossible_answer_stays_infinite_through_a_record(tmp_path):
    rows = {"gold": [-1.5, -INFINITE, None]}
    record = Record(key="k", board="b", method="npo", split="forget10", seed=0, status="ok", forget_rows=rows)
    save_record(tmp_path, record, None)
    (stored,) = load_records(tmp_path)
    assert stored.row_statistic("gold")[:2].tolist() == [-1.5, -np.inf] and np.isnan(stored.row_statistic("gold")[2])


def test_the_newest_of_a_seed_counts(tmp_path):
    save(tmp_path, "retrained", 0, key="new", created="2026-01-02")
    save(tmp_path, "retrained", 0, key="old", created="2026-01-01")
    assert keys(tmp_path, save(tmp_path, "npo", 0))["retrained"] == ["new"]


def test_records_are_measured_again_only_when_there_are_other_models(tmp_path):
    save(tmp_path, "npo", 0)
    save(tmp_path, "finetuned", 0)
    assert compare_records(tmp_path) == 2
    assert compare_records(tmp_path) == 0
    assert load_records(tmp_path)[1].value("forget_quality") is None
    save(tmp_path, "retrained", 0)
    assert compare_records(tmp_path) == 3
    before = {r.method: r.value("forget_quality") for r in load_records(tmp_path)}
    assert before["npo"] is not None and before["retrained"] is None
    save(tmp_path, "retrained", 1)
    assert compare_records(tmp_path) == 4
    after = {(r.method, r.seed): r for r in load_records(tmp_path)}
    assert after["npo", 0].value("forget_quality") == before["npo"]  # TOFU's compares with the first alone
    assert after["retrained", 0].value("forget_quality") is not None
    assert after["npo", 0].value("utility_kept") is not None
    assert compare_records(tmp_path) == 0


def test_a_raised_version_is_measured_again(tmp_path):
    record = save(tmp_path, "npo", 0)
    compare_records(tmp_path)
    path = record_path(tmp_path, "npo", record.key)
    stored = json.loads(path.read_text())
    stored["metrics"]["forget_quality"]["version"] = 0
    del stored["checksum"]
    path.write_text(json.dumps(stored))
    assert compare_records(tmp_path) == 1
    assert compare_records(tmp_path) == 0


def test_comparing_metrics_are_those_that_say_so():
    names = comparing_metrics()
    assert {"forget_quality", "privacy", "utility_kept", "mia_reference"} <= set(names)
    assert not {"rouge", "mia_loss", "forget_quality_tofu"} & set(names)
    every = {about["name"]: about for about in metrics.describe()}
    full = random_scores(1, SIZES)
    for name in set(every) - set(names):
        if not every[name]["replica"]:
            assert all(m.value is not None for m in metrics.measure_all(full, names=[name]).values()), name


def test_imported_records_stay_as_they_are(tmp_path):
    record = save(tmp_path, "npo", 0)
    record.source = "imported"
    save_record(tmp_path, record, None)
    assert compare_records(tmp_path) == 0
