"""Comparisons of two methods on a split, quantity by quantity, and what was learnt of a claim."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from benchmark.common.paired import t_interval
from benchmark.rkld_claims.author_values import DISTANCE, ByAuthor, Values, author_differences
from benchmark.rkld_claims.samples import BOARD_ONLY, Basis, MethodSamples, Seed
from benchmark.rkld_claims.sided import NO_RULE, Rule, SidedP
from metrics.utility_kept import KEPT

MARGIN = "utility_margin"  # model utility minus 90 % of the fine-tuned model's


@dataclass(frozen=True)
class Number:
    """One quantity of two methods, or of one alone (``other`` and ``difference`` are then None)."""

    value: float | None
    other: float | None
    difference: float | None  # the mean of the authors' differences where they are known, else of the values
    low: float | None = None  # t interval of the difference over authors, 95 %, not corrected
    high: float | None = None
    why: str = ""  # why the authors' differences are not known
    by_author: ByAuthor | None = field(default=None, repr=False, compare=False)  # the differences

    @property
    def differences(self) -> np.ndarray | None:
        """[G] one an author."""
        return None if self.by_author is None else self.by_author.values

    @property
    def below(self) -> int | None:
        """In how many authors the first is below the second."""
        return None if self.differences is None else int(np.sum(self.differences < 0))


@dataclass(frozen=True)
class Comparison:
    """Two rows of a board on one split, by their names (``other`` is "" for a row alone)."""

    row: str
    other: str
    split: str
    seeds: tuple[Seed, ...]
    statuses: tuple[str, ...]  # of the row and the other
    numbers: dict[str, Number]
    basis: Basis | None
    rule: Rule = NO_RULE  # what the paper expects
    parts: tuple[SidedP, ...] = ()  # each quantity of the rule, not corrected
    outcome: SidedP | None = None  # the whole, not corrected for the claim's other comparisons
    test: str = ""  # "sign flips", "t tests" or both
    adjusted: float | None = None  # p by Holm over the comparisons that count; None for those that do not
    reading: str = ""  # what the comparison says of the claim
    counts: bool = True  # towards the verdict

    @property
    def is_sound(self) -> bool:
        return all(status == "ok" for status in self.statuses)

    @property
    def authors(self) -> int | None:
        """That its test rests on; None where not even their number is known."""
        known = [by_author for q in self.rule.signs if (by_author := self.numbers[q].by_author) is not None]
        if known:
            return min(by_author.fewest for by_author in known)
        return None if self.basis is None else self.basis.authors


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
        numbers[MARGIN] = margin(first, tuned, seeds)
    return Comparison(
        first.name, second.name, first.split, tuple(seeds), (first.status, second.status), numbers, basis_of(first)
    )


def alone(method: MethodSamples, quantities: tuple[str, ...], tuned: MethodSamples | None = None) -> Comparison:
    """A method's own values, over all its seeds."""
    numbers = {q: Number(method.value(q), None, None) for q in quantities if q != MARGIN}
    if MARGIN in quantities and tuned is not None:
        numbers[MARGIN] = margin(method, tuned)
    return Comparison(method.name, "", method.split, tuple(method.samples), (method.status,), numbers, basis_of(method))


def margin(method: MethodSamples, tuned: MethodSamples, seeds: list[Seed] | None = None) -> Number:
    """Model utility minus 90 % of the fine-tuned model's; by default over all seeds of the method."""
    value, least = method.value("model_utility", seeds), tuned.value("model_utility")
    least = None if least is None else KEPT * least
    ours, theirs = method.values("model_utility", seeds), tuned.values("model_utility")
    return _number(value, least, ours, theirs, _unpaired(method, tuned, "model_utility"), KEPT)


def basis_of(method: MethodSamples) -> Basis | None:
    return next((s.basis for s in method.samples.values() if s.basis is not None), None)


def _difference(first: MethodSamples, second: MethodSamples, quantity: str, seeds: list[Seed]) -> Number:
    if not seeds:
        return Number(first.value(quantity), second.value(quantity), None, why="no seed in common")
    values = first.value(quantity, seeds), second.value(quantity, seeds)
    if quantity in BOARD_ONLY:
        return Number(*values, None if None in values else values[0] - values[1])
    why = _unpaired(first, second, quantity)
    return _number(*values, first.values(quantity, seeds), second.values(quantity, seeds), why)


def _unpaired(first: MethodSamples, second: MethodSamples, quantity: str) -> str:
    """Why two methods cannot be paired, "" where they can."""
    samples = [s for method in (first, second) for s in method.samples.values() if s.questions]
    if len({s.questions for s in samples}) > 1:
        return "not scored on the same questions"
    if quantity == DISTANCE and len({s.retrained for s in samples}) > 1:
        return "not compared with the same retrained models"
    return ""


def _number(
    value: float | None, other: float | None, a: Values | str, b: Values | str, unpaired: str, share: float = 1.0
) -> Number:
    """The number with the authors' differences of ``a`` minus ``share`` times ``b``, or why there are none."""
    difference = None if value is None or other is None else value - other
    if isinstance(a, str):
        return Number(value, other, difference, why=a)
    if isinstance(b, str) or unpaired:
        return Number(value, other, difference, why=b if isinstance(b, str) else unpaired)
    by_author = author_differences(a, b, share)
    if not len(by_author.values):
        return Number(value, other, difference, why="no row that both define")
    spread = {"degrees": by_author.degrees, "standard_error": by_author.standard_error}
    low, high = t_interval(by_author.values, **spread) or (None, None)
    return Number(value, other, float(by_author.values.mean()), low, high, "", by_author)
