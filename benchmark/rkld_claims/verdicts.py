"""What a comparison says of a claim, and what the comparisons of a claim say together."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from benchmark.rkld_claims.comparisons import Comparison

REPRODUCED, NOT_REPRODUCED, UNDECIDED, NOT_RUN = "reproduced", "not reproduced", "undecided", "not run"
WITH, AGAINST, OPEN = "as in the paper", "against the paper", "undecided"
SIDES = {1: WITH, -1: AGAINST, 0: OPEN}


def read(pair: Comparison, side: int) -> Comparison:
    """The comparison with its reading: ``side`` is 1 for the paper, -1 against it. It decides nothing if a row is not ok."""
    if pair.is_sound:
        return replace(pair, reading=SIDES[side])
    names = zip((pair.row, pair.other), pair.statuses, strict=False)
    bad = ", ".join(f"{name} {status}" for name, status in names if status != "ok")
    return replace(pair, counts=False, reading=f"{SIDES[side]}; not counted: {bad}")


def read_by(pair: Comparison, quantity: str, sign: int = 1) -> Comparison:
    """By the interval of one quantity; ``sign`` is the side of 0 on which the paper has it."""
    return read(pair, sign * pair.numbers[quantity].side)


def verdict_of(pairs: Iterable[Comparison]) -> str:
    """By the rules of the package's docstring; undecided where nothing counts."""
    readings = [pair.reading for pair in pairs if pair.counts]
    if AGAINST in readings:
        return NOT_REPRODUCED
    return REPRODUCED if readings and set(readings) == {WITH} else UNDECIDED


def tally(pairs: list[Comparison]) -> str:
    """How many comparisons read how, those that are not as in the paper by name."""
    counted = [pair for pair in pairs if pair.counts]
    several = len({pair.row for pair in counted}) > 1

    def part(reading: str) -> str:
        alike = [pair for pair in counted if pair.reading == reading]
        names = ", ".join(f"{pair.row} − {pair.other}" if several else pair.other for pair in alike)
        return f"{len(alike)} {reading}" + (f" ({names})" if alike and reading != WITH else "")

    left = f"; {len(pairs) - len(counted)} not counted" if len(pairs) > len(counted) else ""
    noun = "comparison" if len(counted) == 1 else "comparisons"
    return f"Of {len(counted)} {noun}: {part(WITH)}, {part(AGAINST)}, {part(OPEN)}{left}."
