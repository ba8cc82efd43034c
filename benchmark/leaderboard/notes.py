"""What there is to say about the records of a board: notes for readers, and provenance."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from benchmark.leaderboard.marks import MEANING, git, marks
from benchmark.records.record import Record


def notes_on(records: list[Record], columns: dict[str, dict[str, Any]]) -> list[str]:
    """Records that are not fit to publish, and records that do not quite belong together.

    Args:
        columns: metric -> what the registry knows of it, {} for nothing.
    """
    return [*_marked(records), *_mixed(records), *_of_other_versions(records, columns)]


def provenance_of(records: list[Record]) -> dict[str, Any]:
    """The distinct commits, dirty flags, package versions and machines."""
    packages: dict[str, list] = {}
    for record in records:
        for package, version in (record.provenance.get("packages") or {}).items():
            packages[package] = distinct([*packages.get(package, []), version])
    return {
        "commits": distinct(git(record).get("commit") for record in records),
        "dirty": distinct(git(record).get("dirty") for record in records),
        "packages": packages,
        "hardware": distinct(record.provenance.get("hardware") for record in records),
    }


def distinct(values: Iterable[Any]) -> list[Any]:
    """In order of appearance; the values may be dictionaries."""
    return list({json.dumps(value, sort_keys=True, default=str): value for value in values}.values())


def _marked(records: list[Record]) -> list[str]:
    notes = [
        f"{mark}: {meaning}: {', '.join(_names(record for record in records if mark in marks(record)))}"
        for mark, meaning in MEANING.items()
        if any(mark in marks(record) for record in records)
    ]
    if unknown := [record for record in records if git(record).get("commit") is None]:
        notes.append(f"the commit is not known: {', '.join(_names(unknown))}")
    return notes


def _names(records: Iterable[Record]) -> list[str]:
    return sorted({f"{r.method} {r.split} seed {r.seed}{' (reference)' * r.reference}" for r in records})


def _mixed(records: list[Record]) -> list[str]:
    notes = []
    for split in sorted({record.split for record in records}):
        part = [record for record in records if record.split == split]
        if len({record.reference_key for record in part} - {None}) > 1:
            notes.append(f"{split}: its records were not all compared with the same retrained model")
        if len(distinct(record.dataset.get("identity") for record in part)) > 1:
            notes.append(f"{split}: its records were not all made from the same dataset")
    if len({git(record).get("commit") for record in records}) > 1:
        notes.append("the records were made at more than one commit; see provenance")
    return notes


def _of_other_versions(records: list[Record], columns: dict[str, dict[str, Any]]) -> list[str]:
    notes = []
    for column, about in columns.items():
        versions = {record.metrics[column].get("version") for record in records if column in record.metrics}
        if about and versions - {about["version"]}:
            notes.append(f"{column}: some records do not have its version {about['version']}: run them again")
    return notes
