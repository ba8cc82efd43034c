"""Comparisons of two rows, quantity by quantity, and what is found of a claim."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from benchmark.common.statistics import widened_interval
from benchmark.records.selection import KEPT_UTILITY
from benchmark.rkld_claims.bootstrap import Basis, MethodSamples

MARGIN = "utility_margin"  # model utility minus 90 % of the fine-tuned model's


@dataclass(frozen=True)
class Number:
    """One quantity of two rows, or of one row alone (``other`` and ``difference`` are then None)."""

    value: float | None
    other: float | None
    difference: float | None
    low: float | None  # of the difference; of the value where there is no other
    high: float | None
    share_above: float | None  # of the draws in which the difference is above 0, ties counted half
    why: str = ""  # why there is no interval

    @property
    def side(self) -> int:
        """1 where the interval lies above 0, -1 where below, 0 where it holds 0 or there is none."""
        if self.low is None or self.high is None:
            return 0
        return (self.low > 0) - (self.high < 0)


@dataclass(frozen=True)
class Comparison:
    """Two rows of a split (``other`` is "" for a row alone)."""

    row: str
    other: str
    split: str
    seeds: tuple[int, ...]
    statuses: tuple[str, ...]  # of the row and the other
    numbers: dict[str, Number]
    basis: Basis | None
    reading: str = ""  # what the comparison says of the claim
    counts: bool = True  # towards the verdict

    @property
    def is_sound(self) -> bool:
        return all(status == "ok" for status in self.statuses)


@dataclass(frozen=True)
class Finding:
    """What became of one claim on one split."""

    claim: str  # its letter
    title: str
    split: str
    verdict: str
    because: str
    comparisons: list[Comparison] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def compare(
    row: MethodSamples, other: MethodSamples, quantities: tuple[str, ...], tuned: MethodSamples | None = None
) -> Comparison:
    """``row`` minus ``other`` over the seeds that both have. ``tuned`` is for MARGIN, which is ``row``'s alone."""
    seeds = sorted(row.samples.keys() & other.samples.keys())
    numbers = {q: _difference(row, other, q, seeds) for q in quantities if q != MARGIN}
    if MARGIN in quantities and tuned is not None:
        numbers[MARGIN] = margin(row, tuned)
    return Comparison(row.name, other.name, row.split, tuple(seeds), (row.status, other.status), numbers, basis_of(row))


def alone(row: MethodSamples, quantities: tuple[str, ...], tuned: MethodSamples | None = None) -> Comparison:
    """A row's own values, over all its seeds."""
    numbers = {q: _value(row, q) for q in quantities if q != MARGIN}
    if MARGIN in quantities and tuned is not None:
        numbers[MARGIN] = margin(row, tuned)
    return Comparison(row.name, "", row.split, tuple(row.samples), (row.status,), numbers, basis_of(row))


def margin(row: MethodSamples, tuned: MethodSamples) -> Number:
    """Model utility minus 90 % of the fine-tuned model's, on the same draws."""
    value, least = row.value("model_utility"), tuned.value("model_utility")
    least = None if least is None else KEPT_UTILITY * least
    a, b = row.draws("model_utility"), tuned.draws("model_utility")
    return _number(value, least, a, b if isinstance(b, str) else KEPT_UTILITY * b, _paired(row, tuned))


def basis_of(row: MethodSamples) -> Basis | None:
    return next((s.basis for s in row.samples.values() if s.basis is not None), None)


def _difference(row: MethodSamples, other: MethodSamples, quantity: str, seeds: list[int]) -> Number:
    if not seeds:
        return Number(row.value(quantity), other.value(quantity), None, None, None, None, "no seed in common")
    values = row.value(quantity, seeds), other.value(quantity, seeds)
    return _number(*values, row.draws(quantity, seeds), other.draws(quantity, seeds), _paired(row, other))


def _paired(row: MethodSamples, other: MethodSamples) -> str:
    """Why two rows cannot be paired, "" where they can."""
    asked = {s.questions for r in (row, other) for s in r.samples.values() if s.questions}
    return "not scored on the same questions" if len(asked) > 1 else ""


def _number(
    value: float | None, other: float | None, a: np.ndarray | str, b: np.ndarray | str, unpaired: str
) -> Number:
    if value is None or other is None:
        return Number(value, other, None, None, None, None, "a value is undefined")
    difference = value - other
    if why := next((x for x in (a, b) if isinstance(x, str)), unpaired):
        return Number(value, other, difference, None, None, None, why)
    drawn = a - b
    drawn = drawn[~np.isnan(drawn)]
    share = float(np.mean((drawn > 0) + 0.5 * (drawn == 0))) if len(drawn) else None
    limits = widened_interval(drawn, difference)
    if limits is None:
        return Number(value, other, difference, None, None, share, "every draw gave the same")
    return Number(value, other, difference, *limits, share)


def _value(row: MethodSamples, quantity: str) -> Number:
    value, drawn = row.value(quantity), row.draws(quantity)
    if value is None:
        return Number(None, None, None, None, None, None, "undefined")
    if isinstance(drawn, str):
        return Number(value, None, None, None, None, None, drawn)
    limits = widened_interval(drawn, value)
    if limits is None:
        return Number(value, None, None, None, None, None, "every draw gave the same")
    return Number(value, None, None, *limits, None)
