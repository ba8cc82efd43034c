"""What there is to say about the records of a board: notes for readers, and provenance."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import metrics
from benchmark.leaderboard.marks import MEANING, git, marks, tuning
from benchmark.records.record import Record
from metrics.calibration.attacked import ATTACK_FAILED

LEAST_AUC, MOST_AUC = 0.4, 0.6  # of an attack on a model that has seen neither side


def notes_on(records: list[Record], columns: dict[str, dict[str, Any]]) -> list[str]:
    """Records that are not fit to publish, and records that do not quite belong together.

    Args:
        columns: metric -> what the registry knows of it, {} for nothing.
    """
    mixed = [*_mixed(records), *_uncompared(records), *_budgets(records), *_membership(records)]
    return [*_marked(records), *mixed, *_failed_attacks(records), *_of_other_versions(records, columns)]


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
    return sorted({r.label + " (reference)" * r.reference for r in records})


def _failed_attacks(records: list[Record]) -> list[str]:
    """Attacks that left columns without a value, with the reason."""
    runs: dict[str, dict[str, Record]] = {}
    for record in records:
        reasons = (reason for measured in record.metrics.values() for reason in measured.get("undefined") or {})
        for reason in dict.fromkeys(r for r in reasons if r.startswith(ATTACK_FAILED)):
            runs.setdefault(reason, {})[record.label] = record
    return [f"{reason}: {', '.join(_names(failed.values()))}" for reason, failed in sorted(runs.items())]


def _mixed(records: list[Record]) -> list[str]:
    notes = []
    for split in sorted({record.split for record in records}):
        part = [record for record in records if record.split == split]
        if len({record.reference_key for record in part} - {None}) > 1:
            notes.append(f"{split}: its records were not all compared with the same retrained model")
        runs = [record for record in part if record.role == "method" and record.forget_rows]
        if len({record.retrained_keys for record in runs}) > 1:
            notes.append(f"{split}: its methods were not all compared with the same retrained models")
        if len(distinct(record.dataset.get("identity") for record in part)) > 1:
            notes.append(f"{split}: its records were not all made from the same dataset")
    if len(distinct(_kernels(record) for record in records if record.source == "run")) > 1:
        notes.append("the records come from machines or settings whose sums differ in the last digits; see provenance")
    if len({git(record).get("commit") for record in records}) > 1:
        notes.append("the records were made at more than one commit; see provenance")
    return notes


def _uncompared(records: list[Record]) -> list[str]:
    """Runs that were stopped before they were compared with the board's models."""
    splits = {record.split for record in records if record.is_retrained}
    left = [r for r in records if r.source == "run" and r.status == "ok" and r.split in splits]
    waiting = [r for r in left if not (r.compared_with or r.retrained_keys or r.reference)]
    if not waiting:
        return []
    return [f"not yet compared with the retrained models, run the same command again: {', '.join(_names(waiting))}"]


def _kernels(record: Record) -> dict[str, Any]:
    """What decides the last digits of a record's numbers, as far as it is known."""
    hardware = record.provenance.get("hardware") or {}
    known = {key: hardware.get(key) for key in ("processor", "model", "capability", "gpu")}
    return known | (record.provenance.get("arithmetic") or {})


def _budgets(records: list[Record]) -> list[str]:
    """Where methods were trained for other numbers of epochs, or chosen from other numbers of trials."""
    notes = []
    for what, read in (("epochs", _epochs), ("trials of the sweep", lambda r: tuning(r).get("trials"))):
        rows: dict[str, set[str]] = {}
        for record in records:
            if record.role == "method" and (value := read(record)) is not None:
                rows.setdefault(str(value), set()).add(record.method)
        if len(rows) > 1:
            usual = max(rows, key=lambda value: len(rows[value]))
            others = [f"{value} ({', '.join(sorted(rows[value]))})" for value in rows if value != usual]
            notes.append(f"budgets differ: {usual} {what}, but {', '.join(others)}")
    return notes


def _epochs(record: Record) -> int | None:
    value: int | None = (record.config.get("training") or {}).get("epochs")
    return value


def _membership(records: list[Record]) -> list[str]:
    """Attacks that find members where there are none: their numbers say nothing of unlearning."""
    notes = []
    for split in sorted({record.split for record in records}):
        retrained = [r for r in records if r.is_retrained and r.split == split]
        for attack in [c for c in metrics.ORDER if c.startswith("mia_")]:
            aucs = [value for r in retrained if (value := r.value(attack)) is not None]
            mean = sum(aucs) / len(aucs) if aucs else 0.5
            if not LEAST_AUC <= mean <= MOST_AUC:
                notes.append(
                    f"{split}: {attack} is {mean:.2f} for retrained models, which have seen neither side: it measures how the "
                    "two groups of rows differ; read it against the retrained row only"
                )
    return notes


def _of_other_versions(records: list[Record], columns: dict[str, dict[str, Any]]) -> list[str]:
    notes = []
    for column, about in columns.items():
        versions = {record.metrics[column].get("version") for record in records if column in record.metrics}
        if about and versions - {about["version"]}:
            notes.append(f"{column}: some records do not have its version {about['version']}: run them again")
    return notes
