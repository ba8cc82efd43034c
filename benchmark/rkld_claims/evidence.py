"""The methods of a board's folder, read and measured when they are first asked for."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from benchmark.data.types import FORGET_PERCENT
from benchmark.leaderboard.grouping import groups, newest
from benchmark.records.record import Record, load_records, record_path, scores_path
from benchmark.records.score_files import load_scores
from benchmark.rkld_claims.samples import QUANTITIES, MethodSamples, Sample, Seed, make_sample

if TYPE_CHECKING:
    from benchmark.evaluation.scores import Scores


class Evidence:
    """The methods of a board's folder. Scores are read when a method is first asked for."""

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)
        self.records = load_records(self.folder)
        self._references: dict[str, Scores | None] = {}  # by key: all methods of a split read the same one
        self._methods: dict[tuple[str, str], MethodSamples | None] = {}

    @cached_property
    def members(self) -> dict[tuple[str, str], list[Record]]:
        """(name, split) -> the records that ran, by seed; of a method with several settings the board's own, or the first.

        Controls are no methods, and take no part.
        """
        members: dict[tuple[str, str], list[Record]] = {}
        made = groups(self.records, newest(self.records)[0])
        for _, group in sorted(made, key=lambda row: not row[1] or row[0] != row[1][0].method):
            ran = [r for r in group if r.status != "failed" and not r.reference and r.role != "control"]
            if ran:
                members.setdefault((ran[0].method, ran[0].split), ran)
        return members

    @property
    def splits(self) -> list[str]:
        """The splits that something ran on, TOFU's first and from small to large."""
        splits = {split for _, split in self.members}
        return [split for split in FORGET_PERCENT if split in splits] + sorted(splits - FORGET_PERCENT.keys())

    def names(self, split: str) -> list[str]:
        """What ran on a split."""
        return [name for name, place in self.members if place == split]

    @cached_property
    def _labels(self) -> set[tuple[str, str]]:
        return {(label, group[0].split) for label, group in groups(self.records, self.records)}

    def others(self, name: str, split: str) -> int:
        """How many further settings of a method the folder holds, which are not looked at."""
        own = [
            label for label, place in self._labels if place == split and (label == name or label.startswith(f"{name} "))
        ]
        return max(0, len(own) - 1)

    def method(self, name: str, split: str) -> MethodSamples | None:
        """A method or reference model by its name; None where nothing of that name ran on that split."""
        if (name, split) not in self._methods:
            records = self.members.get((name, split), [])
            samples = {Seed(r.seed, r.finetuning_seed): self._sample(r) for r in records}
            self._methods[name, split] = MethodSamples(name, split, samples, records[0].config) if records else None
        return self._methods[name, split]

    def _sample(self, record: Record) -> Sample:
        scores = self._scores(record)
        if scores is None:
            return Sample(record, why=dict.fromkeys(QUANTITIES, "no Parquet file beside its record"))
        return make_sample(record, scores, *self._retrained(record))

    def _retrained(self, record: Record) -> tuple[dict[str, Scores], str]:
        """The scores of the retrained models that a record names, by key; or why there are none."""
        keys = record.retrained_keys
        if not keys:
            return {}, "its record names no retrained reference"
        for key in keys:
            if key not in self._references:
                reference = next((other for other in self.records if other.key == key), None)
                self._references[key] = self._scores(reference) if reference else None
        known = {key: scores for key in keys if (scores := self._references[key]) is not None}
        return known, "" if known else "no Parquet file of its retrained reference"

    def _scores(self, record: Record) -> Scores | None:
        path = scores_path(record_path(self.folder, record.method, record.key))
        return load_scores(path) if path.exists() else None
