"""The paper's claims, one function each (d is in ``alpha.py``). The rules of the verdicts are in the package's docstring."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from benchmark.records.record import REFERENCE_ROWS
from benchmark.rkld_claims.alpha import alpha_range
from benchmark.rkld_claims.author_values import DISTANCE
from benchmark.rkld_claims.baselines import (
    BASELINES,
    CLOSER,
    FKL,
    QUALITY,
    RKLD,
    SHOWN,
    TITLES,
    against_baselines,
    further_settings,
    missing_from,
    not_on_board,
    not_run,
)
from benchmark.rkld_claims.comparisons import MARGIN, Comparison, Finding, alone, compare
from benchmark.rkld_claims.evidence import Evidence
from benchmark.rkld_claims.samples import MethodSamples
from benchmark.rkld_claims.sided import Rule
from benchmark.rkld_claims.verdicts import NOT_RUN, by_quantity, judged, tally, verdict_of
from metrics.utility_kept import KEPT

ASCENT = ("grad_ascent", "grad_diff", "ga+kl")


def examine(folder: str | Path) -> list[Finding]:
    """Every claim on every split of a board's folder, f once for all splits.

    Raises:
        UserError: the folder holds no records, or damaged ones, or runs of one split on different questions than
            their retrained reference.
    """
    evidence = Evidence(folder)
    claims = (better_than_baselines, best_of_the_useful, forward_forgets_less, alpha_range, ascent_trades)
    findings = [claim(evidence, split) for claim in claims for split in evidence.splits]
    return [*findings, holds_as_it_grows(evidence)]


def better_than_baselines(evidence: Evidence, split: str) -> Finding:
    """Claim a."""
    pairs = judged(against_baselines(evidence, evidence.method(RKLD, split), SHOWN))
    missing = missing_from(evidence, split, BASELINES)
    if not pairs:
        return not_run("a", split, missing_from(evidence, split, [RKLD]) or missing)
    notes = not_on_board(missing) + further_settings(evidence, split)
    return Finding("a", TITLES["a"], split, verdict_of(pairs), tally(pairs), pairs, notes)


def best_of_the_useful(evidence: Evidence, split: str) -> Finding:
    """Claim b."""
    if missing := missing_from(evidence, split, [RKLD, "finetuned"]):
        return not_run("b", split, missing)
    rkld, tuned = evidence.method(RKLD, split), evidence.method("finetuned", split)
    own = replace(alone(rkld, (*SHOWN, MARGIN), tuned), rule=Rule({MARGIN: 1}))
    pairs, beyond = [], []
    for name in evidence.names(split):
        method = evidence.method(name, split)
        kept = alone(method, (MARGIN,), tuned).numbers[MARGIN].difference
        if name in (RKLD, *REFERENCE_ROWS) or kept is None or kept < 0:
            continue
        pair = replace(compare(rkld, method, QUALITY), rule=CLOSER, counts=name in BASELINES)
        closer = pair.numbers[DISTANCE].difference
        beyond += [name] if not pair.counts and closer is not None and closer > 0 else []
        pairs.append(pair)
    own, *pairs = judged([own, *pairs])
    pairs = [
        pair
        if pair.other in BASELINES
        else replace(pair, reading=f"{pair.reading}; not counted: no baseline of the paper")
        for pair in pairs
    ]
    share = _kept_share(rkld, tuned)
    because = f"RKLD keeps {share} of the fine-tuned model's utility. {tally(pairs)}"
    notes = not_on_board(missing_from(evidence, split, BASELINES), "missing baselines")
    if beyond:
        notes.append(f"closer to the retrained model than RKLD, but not of the paper's baselines: {', '.join(beyond)}")
    if not any(pair.counts for pair in pairs):
        notes.append("no sound baseline of the paper keeps as much: RKLD is alone there")
    return Finding("b", TITLES["b"], split, verdict_of([own, *pairs]), because, [own, *pairs], notes)


def forward_forgets_less(evidence: Evidence, split: str) -> Finding:
    """Claim c."""
    if missing := missing_from(evidence, split, [RKLD, FKL]):
        return not_run("c", split, missing)
    pair = compare(evidence.method(FKL, split), evidence.method(RKLD, split), SHOWN)
    pairs = judged([replace(pair, rule=Rule({"forget_probability": 1, DISTANCE: 1}))])
    notes = further_settings(evidence, split, FKL)
    because = f"FKL minus RKLD: {by_quantity(pairs[0])}. {tally(pairs)}"
    return Finding("c", TITLES["c"], split, verdict_of(pairs), because, pairs, notes)


def ascent_trades(evidence: Evidence, split: str) -> Finding:
    """Claim e."""
    variants = [name for name in ASCENT if evidence.method(name, split)]
    missing = missing_from(evidence, split, [RKLD, "finetuned"])
    if missing or not variants:
        return not_run("e", split, missing or list(ASCENT))
    rkld, tuned = evidence.method(RKLD, split), evidence.method("finetuned", split)
    rule = Rule({DISTANCE: 1, MARGIN: -1}, either=True)
    compared = [compare(evidence.method(name, split), rkld, (*QUALITY, MARGIN), tuned) for name in variants]
    pairs = judged([replace(pair, rule=rule) for pair in compared])
    notes = not_on_board(missing_from(evidence, split, ASCENT))
    return Finding("e", TITLES["e"], split, verdict_of(pairs), tally(pairs), pairs, notes)


def holds_as_it_grows(evidence: Evidence) -> Finding:
    """Claim f, over all splits at once."""
    all_pairs = judged(
        [p for split in evidence.splits for p in against_baselines(evidence, evidence.method(RKLD, split))]
    )
    by_split = {
        split: pairs for split in evidence.splits if (pairs := [pair for pair in all_pairs if pair.split == split])
    }
    if len(by_split) < 2:
        wanted = f"rkld and baselines on two splits at least; there: {', '.join(by_split) or 'none'}"
        return Finding("f", TITLES["f"], "all", NOT_RUN, wanted)
    because = " ".join(f"{split}: {_rank(pairs)}. {tally(pairs)}" for split, pairs in by_split.items())
    compared: list[set[str]] = [{pair.other for pair in pairs} for pairs in by_split.values()]
    everywhere = {name for name in compared[0] if all(name in names for names in compared)}
    notes = not_on_board(sorted(set().union(*compared) - everywhere), "not on every split")
    return Finding("f", TITLES["f"], "all", verdict_of(all_pairs), because, all_pairs, notes)


def _rank(pairs: list[Comparison]) -> str:
    """RKLD's rank by D among the sound methods compared."""
    numbers = [pair.numbers["ks_statistic"] for pair in pairs if pair.counts]
    smaller = sum(n.difference is not None and n.difference > 0 for n in numbers)
    return f"RKLD is number {smaller + 1} of {len(numbers) + 1} by D"


def _kept_share(rkld: MethodSamples, tuned: MethodSamples) -> str:
    value, whole = rkld.value("model_utility"), tuned.value("model_utility")
    known = value is not None and whole
    return f"{100 * value / whole:.1f} % ({100 * KEPT:.0f} % asked for)" if known else "an undefined share"
