"""What a reader must know of a record beside its numbers, and the words that say so."""

from __future__ import annotations

from typing import Any

from benchmark.records.record import Record

MEANING = {
    "dirty": "made by code with uncommitted changes",
    "partial": "only some of the rows were scored",
    "edge": "the choice of its hyperparameters lies at an end of what was tried",
}
UNFIT = ("dirty", "partial")  # these keep a record off the public board


def git(record: Record) -> dict[str, Any]:
    """Commit and dirty flag of a record; empty where nothing is known."""
    return record.provenance.get("git") or {}


def marks(record: Record) -> list[str]:
    """The keys of ``MEANING`` that hold for a record."""
    holds = {
        "dirty": bool(git(record).get("dirty")),
        "partial": record.partial,
        "edge": bool(tuning(record).get("edge")),
    }
    return [mark for mark in MEANING if holds[mark]]


def tuning(record: Record) -> dict[str, Any]:
    """How a method's settings were chosen (``benchmark.config.schema.Tuning``); empty where that is not known."""
    return record.config.get("tuning") or {}
