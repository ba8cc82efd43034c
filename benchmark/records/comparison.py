"""Comparing a board's runs with its retrained and fine-tuned models, once all of them are scored.

A run is scored by itself; what it is compared with is the other records of its board, so that a board with two more
retrained models needs no run anew. A retrained model is compared with the others, never with itself.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

import metrics
from benchmark.evaluation.scores import Scores
from benchmark.records.record import INFINITE, Record, has_records, load_records, record_path, scores_path, write_record
from benchmark.records.score_files import load_scores
from metrics.calibration.row_statistics import row_statistics

SHARED = ("dataset", "model", "pretraining", "finetuning", "dtype", "scoring")  # of the config of runs that compare
COMPARES = {"retrained", "finetuned", "doses"}  # in a metric's ``needs``


class ReferenceShelf:
    """The models of a board that its runs are compared with; scores are read once."""

    def __init__(self, folder: Path, records: Iterable[Record]):
        self.folder = Path(folder)
        self._records = [record for record in records if record.source == "run"]
        self._scores: dict[str, Scores] = {}

    @cached_property
    def _by_recipe(self) -> dict[tuple[str, str, str], list[Record]]:
        """(model, split, recipe) -> its records by seed, the newest of each seed."""
        newest: dict[tuple[str, str, str], dict[Any, Record]] = {}
        for record in sorted(self._records, key=lambda record: (record.created, record.key)):
            if record.status == "ok" and (record.role == "model" or record.dose is not None):
                place = newest.setdefault((record.method, record.split, _recipe(record)), {})
                place[record.seed] = record
        return {key: [by_seed[seed] for seed in sorted(by_seed)] for key, by_seed in newest.items()}

    def records_of(self, record: Record) -> dict[str, list[Record]]:
        """The records that a record is compared with, by their kind."""
        retrained = [
            other
            for other in self._by_recipe.get(("retrained", record.split, _recipe(record)), [])
            if not record.is_retrained or other.seed != record.seed
        ]
        finetuned = [
            other
            for other in self._by_recipe.get(("finetuned", record.split, _recipe(record)), [])
            if other.finetuning_seed == record.finetuning_seed
        ]
        doses = [
            other
            for (_, split, recipe), known in self._by_recipe.items()
            for other in known
            if other.dose is not None and (split, recipe) == (record.split, _recipe(record))
        ]
        doses.sort(key=lambda other: (other.dose or 0.0, other.seed))
        return {"retrained": retrained, "finetuned": finetuned[:1], "doses": doses}

    def references_of(self, record: Record) -> metrics.References:
        """The scores that a record is compared with."""
        others = self.records_of(record)
        scores = {kind: [self.scores(other) for other in known] for kind, known in others.items()}
        doses: dict[float, tuple[Scores, ...]] = {}
        for other, own in zip(others["doses"], scores["doses"], strict=True):
            doses[other.dose or 0.0] = (*doses.get(other.dose or 0.0, ()), own)
        return metrics.References(tuple(scores["retrained"]), next(iter(scores["finetuned"]), None), doses)

    def keys_of(self, record: Record) -> dict[str, list[str]]:
        """The keys of those records, as a record names them."""
        return {kind: [other.key for other in others] for kind, others in self.records_of(record).items()}

    def scores(self, record: Record) -> Scores:
        """A record's scores.

        Raises:
            UserError: they are missing or damaged.
        """
        if record.key not in self._scores:
            self._scores[record.key] = load_scores(self._path(record))
        return self._scores[record.key]

    def _path(self, record: Record) -> Path:
        return scores_path(record_path(self.folder, record.method, record.key))


def comparing_metrics() -> list[str]:
    """The metrics that read other models' scores."""
    return [name for name in _usual() if _compares(name)]


def alone(names: Iterable[str] | None = None) -> list[str]:
    """Those of these metrics that read no other model's scores; by default of all but replicas."""
    return [name for name in (_usual() if names is None else names) if not _compares(name)]


def _usual() -> list[str]:
    return [about["name"] for about in metrics.describe() if not about["replica"]]


def _compares(name: str) -> bool:
    return bool(COMPARES & set(metrics.load_metric(name).needs))


def compare_records(folder: Path) -> int:
    """Measure what compares runs with other models, wherever those models are new, and write it into the records.

    Returns:
        How many records were written.

    Raises:
        UserError: a record is damaged, or a reference's scores are.
    """
    folder = Path(folder)
    records = load_records(folder) if has_records(folder) else []
    shelf, names, written = ReferenceShelf(folder, records), comparing_metrics(), 0
    versions = {column: about["version"] for about in metrics.describe(names) for column in about["columns"]}
    for record in records:
        path = record_path(folder, record.method, record.key)
        keys = shelf.keys_of(record)
        if record.source != "run" or not scores_path(path).exists() or _is_current(record, keys, versions):
            continue
        scores = load_scores(scores_path(path))
        measured = metrics.measure_all(scores, shelf.references_of(record), names=names)
        record.metrics |= {column: m.to_json() for column, m in measured.items()}
        record.forget_rows = forget_rows_of(scores)
        record.compared_with = keys
        write_record(path, record)
        written += 1
    return written


def forget_rows_of(scores: Scores) -> dict[str, list[float | None]]:
    """Author and row statistics of each forget row, to 7 digits; None where undefined."""
    if "forget" not in scores:
        return {}
    rows = scores["forget"]
    own: dict[str, list[float | None]] = {"author": rows.authors.tolist()}
    for name, values in row_statistics(rows).items():
        finite = np.clip(values, -INFINITE, INFINITE)
        own[name] = [None if np.isnan(x) else float(f"{x:.7g}") for x in finite]
    return own


def _is_current(record: Record, keys: dict[str, list[str]], versions: dict[str, int]) -> bool:
    known = {column: record.metrics.get(column, {}).get("version") for column in versions}
    return record.compared_with == keys and known == versions


def _recipe(record: Record) -> str:
    shared = {name: record.config.get(name) for name in SHARED} | {"rows": record.dataset.get("identity")}
    return json.dumps(shared, sort_keys=True, default=str)
