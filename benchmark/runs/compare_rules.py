"""How rules of choice fare on the same trials: ``python -m benchmark.runs.compare_rules results/quick-all-sweep ...``.

The folders hold sweeps whose trials were scored on the board's rows too (``sweep.sets = "both"``). Each rule chooses one trial
for every method, and what it chose is judged by what no rule may read: forget quality on the test authors. The oracle does read
it, among the trials that keep 90 % of the fine-tuned model's utility; nobody can do better than that.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, median

from benchmark.common.console import user_errors
from benchmark.common.errors import UserError
from benchmark.records.record import Record, load_records
from benchmark.records.selection import KEPT, Reading, Trial, choose, reading_of

JUDGE = "forget_quality_test_authors"
FLOOR = 1e-12  # of a forget quality: below it a model is told apart anyhow


@dataclass(frozen=True)
class Judged:
    """A trial with what rules may not read."""

    trial: Trial
    log10_quality: float
    utility: float  # on the board's rows


@dataclass(frozen=True)
class Group:
    """The trials of one method in one sweep."""

    method: str
    trials: list[Judged]
    finetuned: Reading
    base: Reading
    finetuned_utility: float


Rule = Callable[[Group], Judged | None]


def lowest(group: Group) -> Judged | None:
    """The rule before version 0.2: lowest forget probability of those that keep 90 % of utility; else the highest utility."""
    fit = [t for t in _usable(group) if t.trial.reading is not None]
    if fit:
        return min(fit, key=lambda t: t.trial.reading.forget_probability)
    return max(group.trials, key=lambda t: t.utility)


def gentlest(group: Group) -> Judged | None:
    """The rule of benchmark/records/selection.py."""
    chosen = choose([judged.trial for judged in group.trials], group.finetuned, group.base)
    return next((judged for judged in group.trials if judged.trial is chosen), None)


def oracle(group: Group) -> Judged | None:
    """The highest forget quality on the test authors of those that keep 90 % of utility."""
    return max(_usable(group), key=lambda t: t.log10_quality, default=None)


RULES: dict[str, Rule] = {"lowest": lowest, "gentlest": gentlest, "oracle": oracle}


def _usable(group: Group) -> list[Judged]:
    least = KEPT * group.finetuned_utility
    return [t for t in group.trials if t.trial.status == "ok" and t.utility >= least]


def groups(folder: Path) -> Iterator[Group]:
    """The methods of a sweep's folder that have several trials.

    Raises:
        UserError: the trials were not scored on the board's rows.
    """
    records = load_records(folder)
    models = {r.method: (r, reading_of(folder, r)) for r in records if r.method in ("finetuned", "base")}
    utility = models["finetuned"][0].value("model_utility")
    if utility is None:
        raise UserError(f"{folder}: its trials were not scored on the board's rows; make it with --set sweep.sets=both")
    by_method: dict[str, list[Record]] = {}
    for record in records:
        if record.method not in ("finetuned", "base", "retrained"):
            by_method.setdefault(record.method, []).append(record)
    for method, own in by_method.items():
        judged = [
            Judged(
                Trial(method, r.split, {}, r.status, reading_of(folder, r), key=r.key),
                math.log10(max(FLOOR, r.value(JUDGE) or 0.0)),
                r.value("model_utility") or 0.0,
            )
            for r in own
        ]
        yield Group(method, judged, models["finetuned"][1], models["base"][1], utility)


def compare(folders: list[Path]) -> str:
    """A Markdown table: one line a rule."""
    every_group = [group for folder in folders for group in groups(folder)]
    lines = [
        f"{len(every_group)} methods in {len(folders)} sweeps. Loss: log10 of the oracle's forget quality on the test authors minus "
        "that of the rule's choice, over the methods for which both have one.",
        "",
        "| rule | methods with a choice | median loss | mean loss | worst loss | below the base model | utility kept (median) |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    best = [oracle(group) for group in every_group]
    for name, rule in RULES.items():
        chosen = [rule(group) for group in every_group]
        pairs = [(c, o, g) for c, o, g in zip(chosen, best, every_group, strict=True) if c is not None]
        loss = [o.log10_quality - c.log10_quality for c, o, _ in pairs if o is not None]
        below = sum(
            c.trial.reading is not None and c.trial.reading.forget_probability < 0.5 * g.base.forget_probability
            for c, _, g in pairs
        )
        kept = median(c.utility / g.finetuned_utility for c, _, g in pairs)
        lines.append(
            f"| {name} | {len(pairs)} | {median(loss):.2f} | {fmean(loss):.2f} | {max(loss):.1f} | {below} | {kept:.1%} |"
        )
    return "\n".join(
        [*lines, "", "Below the base model: a forget probability under half of the base model's on the same rows."]
    )


if __name__ == "__main__":
    with user_errors():
        print(compare([Path(name) for name in sys.argv[1:] or ["results/quick-all-sweep"]]))
