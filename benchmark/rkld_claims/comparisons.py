"""Comparisons of two methods on a split, quantity by quantity, and what is found of a claim."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from benchmark.common.statistics import widened_interval
from benchmark.records.selection import KEPT
from benchmark.rkld_claims.bootstrap import Basis, MethodSamples

MARGIN = "utility_margin"  # model utility minus 90 % of the fine-tuned model's


@dataclass(frozen=True)
class Number:
    """One quantity of two methods, or of one alone (``other`` and ``difference`` are then None)."""

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
    """Two rows of a board on one split, by their names (``other`` is "" for a row alone)."""

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
    first: MethodSamples, second: MethodSamples, quantities: tuple[str, ...], tuned: MethodSamples | None = None
) -> Comparison:
    """``first`` minus ``second`` over the seeds that both have. ``tuned`` is for MARGIN, which is ``first``'s alone."""
    seeds = sorted(first.samples.keys() & second.samples.keys())
    numbers = {q: _difference(first, second, q, seeds) for q in quantities if q != MARGIN}
    if MARGIN in quantities and tuned is not None:
        numbers[MARGIN] = margin(first, tuned)
    return Comparison(
        first.name, second.name, first.split, tuple(seeds), (first.status, second.status), numbers, basis_of(first)
    )


def alone(method: MethodSamples, quantities: tuple[str, ...], tuned: MethodSamples | None = None) -> Comparison:
    """A method's own values, over all its seeds."""
    numbers = {q: _value(method, q) for q in quantities if q != MARGIN}
    if MARGIN in quantities and tuned is not None:
        numbers[MARGIN] = margin(method, tuned)
    return Comparison(method.name, "", method.split, tuple(method.samples), (method.status,), numbers, basis_of(method))


def margin(method: MethodSamples, tuned: MethodSamples) -> Number:
    """Model utility minus 90 % of the fine-tuned model's, on the same draws."""
    value, least = method.value("model_utility"), tuned.value("model_utility")
    least = None if least is None else KEPT * least
    a, b = method.draws("model_utility"), tuned.draws("model_utility")
    return _number(value, least, a, b if isinstance(b, str) else KEPT * b, _paired(method, tuned))


def basis_of(method: MethodSamples) -> Basis | None:
    return next((s.basis for s in method.samples.values() if s.basis is not None), None)


def _difference(first: MethodSamples, second: MethodSamples, quantity: str, seeds: list[int]) -> Number:
    if not seeds:
        return Number(first.value(quantity), second.value(quantity), None, None, None, None, "no seed in common")
    values = first.value(quantity, seeds), second.value(quantity, seeds)
    return _number(*values, first.draws(quantity, seeds), second.draws(quantity, seeds), _paired(first, second))


def _paired(first: MethodSamples, second: MethodSamples) -> str:
    """Why two methods cannot be paired, "" where they can."""
    asked = {s.questions for method in (first, second) for s in method.samples.values() if s.questions}
    return "not scored on the same questions" if len(asked) > 1 else ""


def _number(
    value: float | None, other: float | None, a: np.ndarray | str, b: np.ndarray | str, unpaired: str
) -> Number:
    if value is None or other is None:
        return Number(value, other, None, None, None, None, "a value is undefined")
    difference = value - other
    if why := next((x for x in (a, b) if isinstance(x, str)), unpaired):
        return Number(value, other, difference, None, None, None, why)
    drawn = np.asarray(a) - np.asarray(b)
    drawn = drawn[~np.isnan(drawn)]
    share = float(np.mean((drawn > 0) + 0.5 * (drawn == 0))) if len(drawn) else None
    limits = widened_interval(drawn, difference)
    if limits is None:
        return Number(value, other, difference, None, None, share, "every draw gave the same")
    return Number(value, other, difference, *limits, share)


def _value(method: MethodSamples, quantity: str) -> Number:
    value, drawn = method.value(quantity), method.draws(quantity)
    if value is None:
        return Number(None, None, None, None, None, None, "undefined")
    if isinstance(drawn, str):
        return Number(value, None, None, None, None, None, drawn)
    limits = widened_interval(drawn, value)
    if limits is None:
        return Number(value, None, None, None, None, None, "every draw gave the same")
    return Number(value, None, None, *limits, None)
