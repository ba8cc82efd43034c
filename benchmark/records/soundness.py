"""What a record's numbers may be: checked when it is read, and again, with its scores, before it is published."""

from __future__ import annotations

import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import metrics
from benchmark.common.errors import UserError
from benchmark.records.score_files import load_scores


def sound_metrics(measured: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """The same, if every number in it is one, or None.

    Raises:
        ValueError: names the column and what stands there.
    """
    for column, numbers in measured.items():
        for key in ("value", "low", "high"):
            value = numbers.get(key)
            if value is not None and (isinstance(value, bool | str) or not _is_finite(value)):
                raise ValueError(f"{column} has {key} {value!r}, which is no number")
    return measured


def sound_seconds(seconds: dict[str, float]) -> dict[str, float]:
    """The same, if no phase took less than no time."""
    if wrong := {phase: value for phase, value in seconds.items() if not (_is_finite(value) and value >= 0)}:
        raise ValueError(f"{wrong} is no length of time")
    return seconds


def sound_provenance(provenance: dict[str, Any]) -> dict[str, Any]:
    """The same, if what is read of it are tables."""
    for key in ("git", "packages", "hardware"):
        if not isinstance(provenance.get(key, {}), dict):
            raise ValueError(f"{key} is {type(provenance[key]).__name__}, not a table")
    return provenance


def unpublishable(status: str, measured: dict[str, dict[str, Any]], scores: Path) -> list[str]:
    """Why nobody could stand for these numbers: none at all, one out of its metric's range, scores that cannot be read."""
    problems = [] if measured or status != "ok" else ["it went well and has no numbers"]
    problems += [
        f"{column} {value:g} is outside {low:g} to {high:g}" for column, value, low, high in _outside(measured)
    ]
    if measured:
        try:
            load_scores(scores)
        except UserError as error:
            problems.append(str(error).partition(". Delete")[0])
    return problems


def _outside(measured: dict[str, dict[str, Any]]) -> Iterable[tuple[str, float, float, float]]:
    ranges = {column: metric["range"] for metric in metrics.describe() for column in metric["columns"]}
    for column, numbers in measured.items():
        value, (low, high) = numbers.get("value"), ranges.get(column, (-math.inf, math.inf))
        slack = 1e-9 * max(1.0, abs(value or 0.0))
        if value is not None and not low - slack <= value <= high + slack:
            yield column, value, low, high


def _is_finite(value: Any) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)
