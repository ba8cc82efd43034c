"""What a comparison says of a claim, and what the comparisons of a claim say together."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from benchmark.common.paired import LEVEL, holm, paired_p, smallest_sign_flip_p
from benchmark.leaderboard.numbers import number
from benchmark.rkld_claims.comparisons import Comparison
from benchmark.rkld_claims.sided import SidedP

REPRODUCED, NOT_REPRODUCED, UNDECIDED, NOT_RUN = "reproduced", "not reproduced", "undecided", "not run"
TOO_FEW = "too few to say"
WITH, AGAINST, OPEN = "as in the paper", "against the paper", "undecided"
SIDES = {1: WITH, -1: AGAINST, 0: OPEN}
FEWEST_SEEDS = 2  # one seed of unlearning says nothing of how much a seed matters
FEWEST_AUTHORS = 4  # t of three differences needs a mean 2.5 times their spread


def judged(pairs: list[Comparison]) -> list[Comparison]:
    """All comparisons of one claim with their tests and readings, p-values corrected by Holm.

    Those that count, with sound rows and enough seeds and authors, are corrected together; all others are read by their
    own p-value, which decides nothing.
    """
    decides = [p.counts and p.is_sound and not any(lacks(p)) and _is_tested(p) for p in pairs]
    tests = sum(len(p.rule.signs) for p, own in zip(pairs, decides, strict=True) if own)
    tried = [_tried(pair, LEVEL / max(tests, 1)) for pair in pairs]
    adjusted = iter(holm([p.outcome.p for p, own in zip(tried, decides, strict=True) if own]))
    return [
        _read(replace(p, adjusted=float(next(adjusted))) if own else p) for p, own in zip(tried, decides, strict=True)
    ]


def lacks(pair: Comparison) -> tuple[int, int]:
    """How many seeds and authors a comparison lacks for a verdict."""
    authors = FEWEST_AUTHORS if pair.authors is None else pair.authors  # without any rows: another reason than few
    return max(0, FEWEST_SEEDS - len({seed.unlearning for seed in pair.seeds})), max(0, FEWEST_AUTHORS - authors)


def too_few(pairs: Iterable[Comparison]) -> str:
    """The verdict where a comparison that counts has too few seeds or authors; "" where all have enough."""
    missing = [lacks(pair) for pair in pairs if pair.counts]
    seeds, authors = (max(number) for number in zip(*missing, strict=True)) if missing else (0, 0)
    named = [(seeds, "seed", " of unlearning"), (authors, "author", "")]
    needs = [f"{n} more {what}{'s' * (n > 1)}{more}" for n, what, more in named if n]
    return f"{TOO_FEW}: needs {' and '.join(needs)}" if needs else ""


def verdict_of(pairs: Iterable[Comparison]) -> str:
    """By the rules of the package's docstring; undecided where nothing counts."""
    counted = [pair for pair in pairs if pair.counts]
    readings = {pair.reading for pair in counted}
    if AGAINST in readings:
        return NOT_REPRODUCED
    return too_few(counted) or (REPRODUCED if readings == {WITH} else UNDECIDED)


def tally(pairs: list[Comparison]) -> str:
    """How many comparisons read how, those that are not as in the paper by name."""
    counted = [pair for pair in pairs if pair.counts]
    several = len({pair.row for pair in counted}) > 1

    def part(reading: str) -> str:
        alike = [pair for pair in counted if pair.reading == reading]
        names = ", ".join(f"{pair.row} − {pair.other}" if several else pair.other or pair.row for pair in alike)
        return f"{len(alike)} {reading}" + (f" ({names})" if alike and reading != WITH else "")

    parts = [part(reading) for reading in (WITH, AGAINST, OPEN)]
    parts += [part(TOO_FEW)] if any(pair.reading == TOO_FEW for pair in counted) else []
    left = f"; {len(pairs) - len(counted)} not counted" if len(pairs) > len(counted) else ""
    noun = "comparison" if len(counted) == 1 else "comparisons"
    return f"Of {len(counted)} {noun}: {', '.join(parts)}{left}."


def by_quantity(pair: Comparison) -> str:
    """What each quantity of a comparison says by itself, before any correction."""
    words = []
    for quantity, part in zip(pair.rule.signs, pair.parts, strict=False):
        side = SIDES[part.side] if part.p <= LEVEL else OPEN
        words.append(f"{quantity.replace('_', ' ')} {side} (p {number('forget_quality', part.p)})")
    return ", ".join(words) or "no test"


def _is_tested(pair: Comparison) -> bool:
    return bool(pair.rule.signs) and all(pair.numbers[q].differences is not None for q in pair.rule.signs)


def _tried(pair: Comparison, level: float) -> Comparison:
    """The comparison with its tests, each able to reach ``level``; as it is where there is nothing to test."""
    if not _is_tested(pair):
        return pair
    by_author = {q: pair.numbers[q].differences for q in pair.rule.signs}
    parts = []
    for quantity, sign in pair.rule.signs.items():
        mean = sign * float(by_author[quantity].mean())
        parts.append(SidedP((mean > 0) - (mean < 0), paired_p(by_author[quantity], level)))
    kinds = ["sign flips" if smallest_sign_flip_p(len(d)) <= level else "t tests" for d in by_author.values()]
    return replace(
        pair, parts=tuple(parts), outcome=pair.rule.outcome(tuple(parts)), test=", ".join(dict.fromkeys(kinds))
    )


def _read(pair: Comparison) -> Comparison:
    """With what it says of the claim. It decides nothing if a row is not ok."""
    p = pair.adjusted if pair.adjusted is not None else pair.outcome.p if pair.outcome is not None else 1.0
    reading = TOO_FEW if any(lacks(pair)) else SIDES[pair.outcome.side] if p <= LEVEL else OPEN
    if pair.is_sound:
        return replace(pair, reading=reading)
    names = zip((pair.row, pair.other), pair.statuses, strict=False)
    bad = ", ".join(f"{name} {status}" for name, status in names if status != "ok")
    return replace(pair, counts=False, reading=f"{reading}; not counted: {bad}")
