"""Claim d, on RKLD's alpha. The rule of its verdict is in the package's docstring."""

from __future__ import annotations

from dataclasses import replace

from benchmark.common.registry import split_fields
from benchmark.rkld_claims.baselines import CLOSER, QUALITY, RKLD, TITLES, against_baselines, not_on_board, not_run
from benchmark.rkld_claims.comparisons import Comparison, Finding, alone, compare
from benchmark.rkld_claims.evidence import Evidence
from benchmark.rkld_claims.samples import QUANTITIES, MethodSamples
from benchmark.rkld_claims.verdicts import (
    AGAINST,
    NOT_REPRODUCED,
    REPRODUCED,
    UNDECIDED,
    judged,
    tally,
    too_few,
    verdict_of,
)

ALPHAS = (1.0, 2.0, 4.0, 8.0, 12.0)
BEATS_BASELINES = (4.0, 12.0)  # the paper's range of alpha, both ends included
BEST_ABOVE = 5.0


def alpha_range(evidence: Evidence, split: str) -> Finding:
    """RKLD at several alphas: against the baselines, and high ones against low ones."""
    by_alpha = _by_alpha(evidence, split)
    missing = [f"rkld@alpha={alpha:g}" for alpha in ALPHAS if alpha not in {known for known, _ in by_alpha}]
    if len(by_alpha) < 2:
        return not_run("d", split, missing)
    low, high = BEATS_BASELINES
    values = [replace(alone(rkld, QUANTITIES), counts=False, reading=f"alpha {alpha:g}") for alpha, rkld in by_alpha]
    beats = [pair for alpha, rkld in by_alpha if low <= alpha <= high for pair in against_baselines(evidence, rkld)]
    over, under = ([rkld for alpha, rkld in by_alpha if (alpha > BEST_ABOVE) is above] for above in (True, False))
    flat = [replace(compare(o, u, QUALITY), rule=CLOSER) for u in under for o in over]
    both = judged([*beats, *flat])
    beats, flat = both[: len(beats)], both[len(beats) :]
    parts = verdict_of(beats), _best_above(flat)
    verdict = (
        NOT_REPRODUCED if NOT_REPRODUCED in parts else too_few(both) or max(parts, key=(REPRODUCED, UNDECIDED).index)
    )
    because = (
        f"Alpha from 4 to 12 against the baselines: {parts[0]}. {tally(beats)} "
        f"Above 5 against up to 5: {parts[1]}. {tally(flat)}"
    )
    notes = not_on_board(missing)
    first = by_alpha[0][1]
    differing = [rkld.name for _, rkld in by_alpha if _beside_alpha(rkld.config) != _beside_alpha(first.config)]
    if differing:
        notes.append(f"further settings than alpha differ from {first.name}'s: {', '.join(differing)}")
    return Finding("d", TITLES["d"], split, verdict, because, [*values, *beats, *flat], notes)


def _best_above(pairs: list[Comparison]) -> str:
    """Whether the best alpha is above 5: against it only where one up to 5 beats all those above."""
    lines = [[pair for pair in pairs if pair.other == low] for low in {pair.other for pair in pairs}]
    if any(all(pair.counts and pair.reading == AGAINST for pair in line) for line in lines):
        return NOT_REPRODUCED
    verdict = verdict_of(pairs)
    return too_few(pairs) or UNDECIDED if verdict == NOT_REPRODUCED else verdict


def _by_alpha(evidence: Evidence, split: str) -> list[tuple[float, MethodSamples]]:
    """RKLD under each name that changes nothing but alpha, by alpha."""
    by_alpha = []
    for name in evidence.names(split):
        bare, _, fields = split_fields(name)
        if bare == RKLD and fields.keys() <= {"alpha"}:
            rkld = evidence.method(name, split)
            alpha = rkld.config.get("method", {}).get("alpha", fields.get("alpha"))
            by_alpha += [] if alpha is None else [(float(alpha), rkld)]
    return sorted(by_alpha, key=lambda item: (item[0], item[1].name))


def _beside_alpha(config: dict) -> dict:
    method = {key: value for key, value in config.get("method", {}).items() if key != "alpha"}
    return config | {"method": method}
