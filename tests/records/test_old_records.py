"""Records and scores of schema 1 load under the names of today."""

import json

import numpy as np
import pyarrow.parquet as pq
import pytest

import metrics
from benchmark.records.record import SCHEMA_VERSION, Record, load_record, save_record, scores_path
from benchmark.records.score_files import load_scores
from tests.conftest import ROOT
from tests.metrics.factory import random_scores

OLD_COLUMNS = {"is_greedy": "hits", "logprob_mean": "mean", "logprob_std": "std"}
NUMBER = {"value": 0.5, "n": 4}
NO_NUMBER = {"value": None, "n": 0, "undefined": {"needs the model's gradients": 1}}
OLD = {
    "schema_version": 1,
    "key": "k",
    "board": "b",
    "method": "npo",
    "split": "forget10",
    "seed": 0,
    "status": "ok",
    "config": {"corpus": {"name": "fictitious"}, "strengthening": {"epochs": 4}, "training": {"lr": 1e-3}},
    "corpus": {"identity": "c0"},
    "metrics": {"forget_quality": NUMBER, "forget_quality_other_half": NUMBER, "mia_gradnorm": NO_NUMBER},
}


@pytest.fixture
def old(tmp_path):
    """A record of schema 1 with its scores."""
    scores = random_scores(0, (8, 8, 6, 6))
    scores.meta["dataset"] = "c0"
    save_record(tmp_path, Record.model_validate(OLD | {"schema_version": SCHEMA_VERSION}), scores)
    path = tmp_path / "records" / "npo" / "k.json"
    path.write_text(json.dumps(OLD))
    table = pq.read_table(scores_path(path))
    meta = json.loads(table.schema.metadata[b"meta"])
    table = table.rename_columns([OLD_COLUMNS.get(name, name) for name in table.schema.names])
    table = table.replace_schema_metadata({"meta": json.dumps({"corpus": meta.pop("dataset"), **meta})})
    pq.write_table(table, scores_path(path))
    return path, scores


def test_a_record_has_its_new_names(old):
    record = load_record(old[0])
    assert (record.schema_version, record.dataset) == (SCHEMA_VERSION, {"identity": "c0"})
    assert record.config == {
        "dataset": {"name": "fictitious"}, "reinforcement": {"epochs": 4}, "training": {"lr": 1e-3},
    }  # fmt: skip
    assert record.metrics == {"forget_quality": NUMBER, "forget_quality_test_authors": NUMBER}


def test_a_value_of_a_metric_that_is_gone_is_kept(old):
    path, _ = old
    path.write_text(json.dumps(OLD | {"metrics": {"mia_gradnorm": NUMBER}}))
    assert load_record(path).value("mia_gradnorm") == 0.5


def test_scores_have_their_new_names(old):
    path, scores = old
    again = load_scores(scores_path(path))
    assert again.meta == scores.meta
    for ours, theirs in zip(again["forget"].answers, scores["forget"].answers, strict=True):
        for name in OLD_COLUMNS:
            assert np.array_equal(getattr(ours, name), getattr(theirs, name).astype(getattr(ours, name).dtype))


def test_published_scores_still_give_the_published_numbers():
    (path,) = (ROOT / "results" / "published" / "quick" / "records" / "rkld").glob("*.json")
    record, scores = load_record(path), load_scores(scores_path(path))
    # One that reads log-probabilities, one whether tokens are greedy, one the vocabulary's mean and deviation.
    names = ["probability", "exact_memorization", "mia_min_k_plus_plus"]
    measured = metrics.measure_all(scores, names=names)
    assert {column: m.value for column, m in measured.items()} == pytest.approx(
        {column: record.value(column) for column in measured}, rel=1e-9
    )
