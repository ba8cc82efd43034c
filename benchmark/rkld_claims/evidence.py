"""The rows of a board's folder, read and measured when they are first asked for."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from benchmark.data.types import FORGET_PERCENT
from benchmark.leaderboard.entries import groups, newest
from benchmark.records.record import Record, load_records, record_path, scores_path
from benchmark.records.score_files import load_scores
from benchmark.rkld_claims.bootstrap import QUANTITIES, MethodSamples, Sample, make_sample

if TYPE_CHECKING:
    from benchmark.evaluation.scores import Scores


class Evidence:
    """The rows of a board's folder. Scores are read, and draws made, when a row is first asked for."""

    def __init__(self, folder: Path) -> None:
        self.folder = Path(folder)
        self.records = load_records(self.folder)
        self._references: dict[str, Scores | None] = {}  # all rows of a split read the same one
        self._rows: dict[tuple[str, str], MethodSamples | None] = {}

    @cached_property
    def members(self) -> dict[tuple[str, str], list[Record]]:
        """(name, split) -> the records that ran, by seed; of a method with several settings the first."""
        found: dict[tuple[str, str], list[Record]] = {}
        for label, group in groups(self.records, newest(self.records)[0]):
            ran = [record for record in group if record.status != "failed" and not record.reference]
            if ran and label == ran[0].method:
                found.setdefault((label, ran[0].split), ran)
        return found

    @property
    def splits(self) -> list[str]:
        there = {split for _, split in self.members}
        return [s for s in FORGET_PERCENT if s in there] + sorted(there - FORGET_PERCENT.keys())

    def names(self, split: str) -> list[str]:
        return [name for name, where in self.members if where == split]

    @cached_property
    def _labels(self) -> set[tuple[str, str]]:
        return {(label, group[0].split) for label, group in groups(self.records, self.records)}

    def others(self, name: str, split: str) -> int:
        """How many further settings of a method the folder holds, which are not looked at."""
        return sum(where == split and label.startswith(f"{name} ") for label, where in self._labels)

    def row(self, name: str, split: str) -> MethodSamples | None:
        """None where nothing of that name ran on that split."""
        if (name, split) not in self._rows:
            records = self.members.get((name, split))
            made = records and MethodSamples(name, split, {r.seed: self._sample(r) for r in records}, records[0].config)
            self._rows[name, split] = made or None
        return self._rows[name, split]

    def _sample(self, record: Record) -> Sample:
        scores = self._scores(record)
        if scores is None:
            return Sample(record, why=dict.fromkeys(QUANTITIES, "no Parquet file beside its record"))
        return make_sample(record, scores, *self._reference(record))

    def _reference(self, record: Record) -> tuple[Scores | None, str]:
        if record.reference_key is None:
            return None, "its record names no retrained reference"
        key = record.reference_key
        if key not in self._references:
            found = [r for r in self.records if r.key == key]
            self._references[key] = self._scores(found[0]) if found else None
        scores = self._references[key]
        return scores, "" if scores else "no Parquet file of its retrained reference"

    def _scores(self, record: Record) -> Scores | None:
        path = scores_path(record_path(self.folder, record.method, record.key))
        return load_scores(path) if path.exists() else None
