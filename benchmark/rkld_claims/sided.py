"""How strongly, and which way, a comparison speaks: a two-sided p-value and its side, and two of them together.

Claims on two quantities need one p-value a comparison. Of a claim that holds where both do, the side for it is as sure as
the less sure of the two, max(p1, p2), an intersection-union test (Berger 1982); the side against it has two chances,
2 min(p1, p2), Bonferroni's. Of a claim that holds where either does, it is the other way round: ``either`` is the mirror
image of ``both``, so what counts for one claim counts the same against the opposite one, and each side errs no more
often than its p says.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class SidedP:
    """A two-sided p-value and the side that it speaks for."""

    side: int  # 1 for the paper, -1 against it, 0 neither
    p: float

    def one_sided(self, side: int) -> float:
        """The p-value of one side, 1 or -1."""
        return self.p / 2 if side == self.side else 1 - self.p / 2

    def mirrored(self) -> SidedP:
        """The same for the opposite claim."""
        return SidedP(-self.side, self.p)


@dataclass(frozen=True)
class Rule:
    """What the paper expects of a comparison."""

    signs: dict[str, int]  # quantity -> side of 0 on which the paper has the difference
    either: bool = False  # of two quantities one is enough

    def outcome(self, parts: tuple[SidedP, ...]) -> SidedP:
        """The p-value of the whole from that of each quantity, the paper's side being 1 in each."""
        if len(parts) == 1:
            return parts[0]
        first, second = parts
        return either(first, second) if self.either else both(first, second)


NO_RULE = Rule({})


def both(first: SidedP, second: SidedP) -> SidedP:
    """For: both hold. Against: at least one does not."""
    for_it = max(first.one_sided(1), second.one_sided(1))
    against = min(1.0, 2 * min(first.one_sided(-1), second.one_sided(-1)))
    return SidedP((for_it < against) - (for_it > against), min(1.0, 2 * min(for_it, against)))


def either(first: SidedP, second: SidedP) -> SidedP:
    """For: at least one holds. Against: neither does."""
    return both(first.mirrored(), second.mirrored()).mirrored()
