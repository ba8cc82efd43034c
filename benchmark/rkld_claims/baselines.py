"""The paper's methods, and what several claims do with them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from benchmark.rkld_claims.author_values import DISTANCE
from benchmark.rkld_claims.comparisons import Comparison, Finding, compare
from benchmark.rkld_claims.evidence import Evidence
from benchmark.rkld_claims.samples import BOARD_ONLY, MethodSamples
from benchmark.rkld_claims.sided import Rule
from benchmark.rkld_claims.verdicts import NOT_RUN

RKLD, FKL = "rkld", "fkl"
BASELINES = (
    "grad_ascent", "grad_diff", "ga+kl", "npo", "npo+rt", "npo+kl", "dpo", "dpo+rt", "dpo+kl", "idk", "task_vector",
)  # fmt: skip
QUALITY = (*BOARD_ONLY, DISTANCE)
CLOSER = Rule({DISTANCE: -1})  # the first to the retrained model than the second
SHOWN = (*QUALITY, "forget_probability", "model_utility")
TITLES = {
    "a": "RKLD has a better forget quality than each baseline",
    "b": "RKLD has the best forget quality of the methods that keep 90 % of the utility",
    "c": "With the same teacher, forward KL forgets less than reverse KL",
    "d": "Alpha from 4 to 12 beats the baselines, best above 5",
    "e": "Gradient ascent trades forget quality for utility",
    "f": "RKLD stays first as the forget set grows",
}


def against_baselines(
    evidence: Evidence, first: MethodSamples | None, quantities: tuple[str, ...] = QUALITY
) -> list[Comparison]:
    """A method minus each baseline on its split, expected to be closer; none where there is no such method."""
    if first is None:
        return []
    others = [other for name in BASELINES if (other := evidence.method(name, first.split))]
    return [replace(compare(first, other, quantities), rule=CLOSER) for other in others]


def missing_from(evidence: Evidence, split: str, names: Iterable[str]) -> list[str]:
    """Those of the names that did not run on the split."""
    return [name for name in names if evidence.method(name, split) is None]


def not_run(claim: str, split: str, missing: list[str]) -> Finding:
    """What is found of a claim whose methods are not there."""
    return Finding(claim, TITLES[claim], split, NOT_RUN, f"rows missing: {', '.join(missing)}")


def not_on_board(missing: list[str], words: str = "not on this board") -> list[str]:
    """A note that names what is missing; none where nothing is."""
    return [f"{words}: {', '.join(missing)}"] if missing else []


def further_settings(evidence: Evidence, split: str, *names: str) -> list[str]:
    """Notes on RKLD, the baselines and other methods of which the folder holds further settings."""
    counts = {name: count for name in (RKLD, *names, *BASELINES) if (count := evidence.others(name, split))}
    listed = ", ".join(f"{name} {count}" for name, count in counts.items())
    if not counts:
        return []
    return [f"further settings in the folder, not looked at (the first that was run counts): {listed}"]
