"""The paper's claims, one function each. The rules of the verdicts are in the package's docstring."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from benchmark.common.registry import split_fields
from benchmark.records.record import REFERENCE_ROWS
from benchmark.records.selection import KEPT_UTILITY
from benchmark.rkld_claims.bootstrap import LOG_QUALITY, QUANTITIES, MethodSamples
from benchmark.rkld_claims.comparisons import MARGIN, Comparison, Finding, alone, compare
from benchmark.rkld_claims.evidence import Evidence
from benchmark.rkld_claims.verdicts import (
    AGAINST,
    NOT_REPRODUCED,
    NOT_RUN,
    REPRODUCED,
    SIDES,
    UNDECIDED,
    read,
    read_by,
    tally,
    verdict_of,
)

RKLD, FKL = "rkld", "fkl"
BASELINES = (
    "grad_ascent", "grad_diff", "ga+kl", "npo", "npo+rt", "npo+kl", "dpo", "dpo+rt", "dpo+kl", "idk", "task_vector",
)  # fmt: skip
ASCENT = ("grad_ascent", "grad_diff", "ga+kl")
ALPHAS = (1.0, 2.0, 4.0, 8.0, 12.0)
BEATS_BASELINES = (4.0, 12.0)  # the paper's range of alpha, both ends included
BEST_ABOVE = 5.0
QUALITY = (LOG_QUALITY, "ks_statistic")
SHOWN = (*QUALITY, "forget_probability", "model_utility")
TITLES = {
    "a": "RKLD has a better forget quality than each baseline",
    "b": "RKLD has the best forget quality of the methods that keep 90 % of the utility",
    "c": "With the same teacher, forward KL forgets less than reverse KL",
    "d": "Alpha from 4 to 12 beats the baselines, best above 5",
    "e": "Gradient ascent trades forget quality for utility",
    "f": "RKLD stays first as the forget set grows",
}


def examine(folder: Path) -> list[Finding]:
    """Every claim on every split of a board's folder, f once for all splits.

    Raises:
        UserError: the folder holds no records, or damaged ones, or runs of one split on different questions than
            their retrained reference.
    """
    evidence = Evidence(folder)
    claims = (better_than_baselines, best_of_the_useful, forward_forgets_less, alpha_range, ascent_trades)
    found = [claim(evidence, split) for claim in claims for split in evidence.splits]
    return [*found, holds_as_it_grows(evidence)]


def better_than_baselines(evidence: Evidence, split: str) -> Finding:
    pairs = _against_baselines(evidence, split, evidence.row(RKLD, split), SHOWN, LOG_QUALITY)
    missing = _missing(evidence, split, BASELINES)
    if not pairs:
        return _not_run("a", split, _missing(evidence, split, [RKLD]) or missing)
    notes = [f"not on this board: {', '.join(missing)}"] if missing else []
    return Finding("a", TITLES["a"], split, verdict_of(pairs), tally(pairs), pairs, notes + _settings(evidence, split))


def best_of_the_useful(evidence: Evidence, split: str) -> Finding:
    if missing := _missing(evidence, split, [RKLD, "finetuned"]):
        return _not_run("b", split, missing)
    rkld, tuned = evidence.row(RKLD, split), evidence.row("finetuned", split)
    own = alone(rkld, (*SHOWN, MARGIN), tuned)
    own = read(own, own.numbers[MARGIN].side)
    pairs, beyond = [], []
    for name in evidence.names(split):
        row = evidence.row(name, split)
        kept = alone(row, (MARGIN,), tuned).numbers[MARGIN].difference
        if name in (RKLD, *REFERENCE_ROWS) or kept is None or kept < 0:
            continue
        pair = read_by(compare(rkld, row, QUALITY), LOG_QUALITY)
        if name not in BASELINES:
            pair = replace(pair, counts=False, reading=f"{pair.reading}; not counted: no baseline of the paper")
            better = pair.numbers[LOG_QUALITY].difference
            beyond += [name] if better is not None and better < 0 else []
        pairs.append(pair)
    share = _kept_share(rkld, tuned)
    because = f"RKLD keeps {share} of the fine-tuned model's utility. {tally(pairs)}"
    notes = [f"missing baselines: {', '.join(lacking)}"] if (lacking := _missing(evidence, split, BASELINES)) else []
    if beyond:
        notes.append(f"with a higher forget quality than RKLD's, but not of the paper's baselines: {', '.join(beyond)}")
    if not any(pair.counts for pair in pairs):
        notes.append("no sound baseline of the paper keeps as much: RKLD is alone there")
    return Finding("b", TITLES["b"], split, verdict_of([own, *pairs]), because, [own, *pairs], notes)


def forward_forgets_less(evidence: Evidence, split: str) -> Finding:
    if missing := _missing(evidence, split, [RKLD, FKL]):
        return _not_run("c", split, missing)
    pair = compare(evidence.row(FKL, split), evidence.row(RKLD, split), SHOWN)
    more, less = pair.numbers["forget_probability"].side, -pair.numbers[LOG_QUALITY].side
    pair = read(pair, -1 if -1 in (more, less) else min(more, less))
    because = f"FKL minus RKLD: forget probability {SIDES[more]}, log10 forget quality {SIDES[less]}."
    return Finding("c", TITLES["c"], split, verdict_of([pair]), because, [pair], _settings(evidence, split, FKL))


def alpha_range(evidence: Evidence, split: str) -> Finding:
    rows = alpha_rows(evidence, split)
    missing = [f"rkld@alpha={alpha:g}" for alpha in ALPHAS if alpha not in {known for known, _ in rows}]
    if len(rows) < 2:
        return _not_run("d", split, missing)
    low, high = BEATS_BASELINES
    values = [replace(alone(row, QUANTITIES), counts=False, reading=f"alpha {alpha:g}") for alpha, row in rows]
    beats = [
        pair
        for alpha, row in rows
        if low <= alpha <= high
        for pair in _against_baselines(evidence, split, row, QUALITY, LOG_QUALITY)
    ]
    over, under = ([r for a, r in rows if (a > BEST_ABOVE) is above] for above in (True, False))
    table = [[read_by(compare(o, u, QUALITY), LOG_QUALITY) for o in over] for u in under]  # a line each alpha up to 5
    flat = [pair for line in table for pair in line]
    ahead = any(line and all(p.counts and p.reading == AGAINST for p in line) for line in table)
    best = NOT_REPRODUCED if ahead else REPRODUCED if verdict_of(flat) == REPRODUCED else UNDECIDED
    parts = verdict_of(beats), best
    verdict = next((v for v in (NOT_REPRODUCED, UNDECIDED) if v in parts), REPRODUCED)
    because = (
        f"Alpha from 4 to 12 against the baselines: {parts[0]}. {tally(beats)} "
        f"Above 5 against up to 5: {parts[1]}. {tally(flat)}"
    )
    notes = [f"not on this board: {', '.join(missing)}"] if missing else []
    differing = [row.name for _, row in rows if _beside_alpha(row.config) != _beside_alpha(rows[0][1].config)]
    if differing:
        notes.append(f"further settings than alpha differ from {rows[0][1].name}'s: {', '.join(differing)}")
    return Finding("d", TITLES["d"], split, verdict, because, [*values, *beats, *flat], notes)


def ascent_trades(evidence: Evidence, split: str) -> Finding:
    there = [name for name in ASCENT if evidence.row(name, split)]
    missing = _missing(evidence, split, [RKLD, "finetuned"])
    if missing or not there:
        return _not_run("e", split, missing or list(ASCENT))
    rkld, tuned = evidence.row(RKLD, split), evidence.row("finetuned", split)
    pairs = []
    for name in there:
        pair = compare(evidence.row(name, split), rkld, (*QUALITY, MARGIN), tuned)
        quality, kept = pair.numbers[LOG_QUALITY].side, pair.numbers[MARGIN].side
        pairs.append(read(pair, 1 if -1 in (quality, kept) else -1 if quality == kept == 1 else 0))
    notes = [f"not on this board: {', '.join(gone)}"] if (gone := _missing(evidence, split, ASCENT)) else []
    return Finding("e", TITLES["e"], split, verdict_of(pairs), tally(pairs), pairs, notes)


def holds_as_it_grows(evidence: Evidence) -> Finding:
    """Claim f, over all splits at once."""
    by_split = {
        split: pairs
        for split in evidence.splits
        if (pairs := _against_baselines(evidence, split, evidence.row(RKLD, split), QUALITY, "ks_statistic", -1))
    }
    if len(by_split) < 2:
        there = ", ".join(by_split) or "none"
        wanted = f"rkld and baselines on two splits at least; there: {there}"
        return Finding("f", TITLES["f"], "all", NOT_RUN, wanted)
    pairs = [pair for found in by_split.values() for pair in found]
    because = " ".join(f"{split}: {_place(found)}. {tally(found)}" for split, found in by_split.items())
    compared = {split: {pair.other for pair in found} for split, found in by_split.items()}
    uneven = sorted(set.union(*compared.values()) - set.intersection(*compared.values()))
    notes = [f"not on every split: {', '.join(uneven)}"] if uneven else []
    return Finding("f", TITLES["f"], "all", verdict_of(pairs), because, pairs, notes)


def alpha_rows(evidence: Evidence, split: str) -> list[tuple[float, MethodSamples]]:
    """RKLD's rows of which only alpha is changed by name, by alpha."""
    found = []
    for name in evidence.names(split):
        bare, _, fields = split_fields(name)
        if bare == RKLD and fields.keys() <= {"alpha"}:
            row = evidence.row(name, split)
            alpha = row.config.get("method", {}).get("alpha", fields.get("alpha"))
            found += [] if alpha is None else [(float(alpha), row)]
    return sorted(found, key=lambda item: (item[0], item[1].name))


def _against_baselines(
    evidence: Evidence, split: str, row: MethodSamples | None, quantities: tuple[str, ...], decides: str, sign: int = 1
) -> list[Comparison]:
    others = [other for name in BASELINES if (other := evidence.row(name, split))]
    return [read_by(compare(row, other, quantities), decides, sign) for other in others] if row else []


def _place(pairs: list[Comparison]) -> str:
    """RKLD's rank by D among the sound rows compared."""
    numbers = [pair.numbers["ks_statistic"] for pair in pairs if pair.counts]
    smaller = sum(n.difference is not None and n.difference > 0 for n in numbers)
    return f"RKLD is number {smaller + 1} of {len(numbers) + 1} by D"


def _kept_share(row: MethodSamples, tuned: MethodSamples) -> str:
    value, whole = row.value("model_utility"), tuned.value("model_utility")
    known = value is not None and whole
    return f"{100 * value / whole:.1f} % ({100 * KEPT_UTILITY:.0f} % asked for)" if known else "an undefined share"


def _missing(evidence: Evidence, split: str, names: Iterable[str]) -> list[str]:
    return [name for name in names if evidence.row(name, split) is None]


def _not_run(claim: str, split: str, missing: list[str]) -> Finding:
    return Finding(claim, TITLES[claim], split, NOT_RUN, f"rows missing: {', '.join(missing)}")


def _settings(evidence: Evidence, split: str, *names: str) -> list[str]:
    """Notes on methods of which the folder holds further settings."""
    found = {name: count for name in (RKLD, *names, *BASELINES) if (count := evidence.others(name, split))}
    said = ", ".join(f"{name} {count}" for name, count in found.items())
    return [f"further settings in the folder, not looked at (the first that was run counts): {said}"] if found else []


def _beside_alpha(config: dict) -> dict:
    method = {key: value for key, value in config.get("method", {}).items() if key != "alpha"}
    return config | {"method": method}
