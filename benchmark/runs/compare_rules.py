"""How rules of choice fare on the same trials: ``python -m benchmark.runs.compare_rules results/quick-all-sweep ...``.

The folders hold sweeps whose trials were scored on the board's rows too (``sweep.sets = "both"``). Each rule chooses one trial
for every method, and what it chose is judged by what no rule may read, on the test authors: TOFU's forget quality, and the
distance from the retrained models (the largest of the three statistics'). The oracles do read it, among the trials that keep 90 % of every part
of the fine-tuned model's utility on the board's rows; nobody can do better than they do by their own judge. Of two sweeps there is a second
table: how alike they order the methods, by each rule.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, median

import numpy as np

from benchmark.common.console import user_errors
from benchmark.common.errors import UserError
from benchmark.common.tables import markdown_table
from benchmark.evaluation.scores import of_validation_authors
from benchmark.records.record import Record, load_records
from benchmark.records.selection import FLOOR, Reading, Trial, choose, off_level, reading_of
from benchmark.runs.rule_agreement import agreement
from metrics.calibration.distance import largest_distance
from metrics.calibration.row_statistics import STATISTICS
from metrics.utility_kept import KEPT

JUDGE = "forget_quality_test_authors"
HEAD = (
    "rule", "methods with a choice", "keep 90 %", "median loss", "mean loss", "worst loss", "median distance",
    "mean distance", "worst distance", "below the base model",
)  # fmt: skip
FEWEST = 3  # trials that a shorter search is tried with


@dataclass(frozen=True)
class Judged:
    """A trial with what rules may not read."""

    trial: Trial
    log10_quality: float
    distance: float  # from the retrained models, on the test authors
    kept: float  # the smallest share of a part of utility, on the board's rows


@dataclass(frozen=True)
class Group:
    """The trials of one method in one sweep."""

    method: str
    trials: list[Judged]  # in the order in which they were made
    finetuned: Reading
    base: Reading


Rule = Callable[[Group], Judged | None]


def lowest(group: Group) -> Judged | None:
    """The rule before version 0.2: lowest forget probability of those that keep 90 % of utility; else the highest utility."""
    least = KEPT * group.finetuned.utility
    read = [(judged, judged.trial.reading) for judged in group.trials if judged.trial.reading is not None]
    fit = [(j, r) for j, r in read if j.trial.status == "ok" and r.utility >= least]
    if fit:
        return min(fit, key=lambda pair: pair[1].forget_probability)[0]
    return max(read, key=lambda pair: pair[1].utility)[0] if read else None


def gentlest(group: Group) -> Judged | None:
    """A rule of version 0.3: of those that keep enough, the gentlest at or below the base model's forget probability."""
    fit = _fit(group)
    reached = [(j, r) for j, r in fit if r.forget_probability <= group.base.forget_probability]
    if reached:
        return min(reached, key=lambda pair: abs(pair[1].retain_probability - group.finetuned.retain_probability))[0]
    return min(fit, key=lambda pair: pair[1].forget_probability)[0] if fit else None


def farthest(group: Group) -> Judged | None:
    """The rule before this one: the farthest down of those that keep enough and are not below the base model's forget probability."""
    fit = _fit(group)
    above = [(j, r) for j, r in fit if r.forget_probability >= group.base.forget_probability]
    if above:
        return min(above, key=lambda pair: pair[1].forget_probability)[0]
    return max(fit, key=lambda pair: pair[1].forget_probability)[0] if fit else None


def present(group: Group) -> Judged | None:
    """The rule of benchmark/records/selection.py."""
    chosen = choose([judged.trial for judged in group.trials], group.finetuned, group.base)
    return next((judged for judged in group.trials if judged.trial is chosen), None)


def beside(group: Group) -> Judged | None:
    """Of those that keep enough, the nearest to the base model's forget probability on a log scale, both sides alike."""
    return min(_fit(group), key=lambda pair: off_level(pair[1], group.base, 1.0), default=(None, None))[0]


def best_quality(group: Group) -> Judged | None:
    """The oracle by forget quality."""
    return max(_usable(group), key=lambda judged: judged.log10_quality, default=None)


def nearest(group: Group) -> Judged | None:
    """The oracle by distance."""
    return min(_usable(group), key=lambda judged: judged.distance, default=None)


RULES: dict[str, Rule] = {
    "lowest forget probability, 90 % of the mean utility": lowest,
    "gentlest at or below the base model's level, 90 % of every part": gentlest,
    "as far as the base model's level, 90 % of every part": farthest,
    "nearest to the base model's level on a log scale, 90 % of every part": beside,
    "the same, below it counted five times": present,
    "oracle by forget quality": best_quality,
    "oracle by distance": nearest,
}


def _fit(group: Group) -> list[tuple[Judged, Reading]]:
    """The trials that keep enough on the validation rows, as every rule but the first asks."""
    return [(j, j.trial.reading) for j in group.trials if j.trial.reading and j.trial.qualifies(group.finetuned)]


def _usable(group: Group) -> list[Judged]:
    return [judged for judged in group.trials if judged.trial.status == "ok" and judged.kept >= KEPT]


def groups(folder: Path) -> Iterator[Group]:
    """The methods of a sweep's folder, each with its trials.

    Raises:
        UserError: the trials were not scored on the board's rows, or with fewer than two retrained models.
    """
    records = load_records(folder)
    models = {r.method: (r, reading_of(folder, r)) for r in records if r.method in ("finetuned", "base")}
    readings = [models[name][1] for name in ("finetuned", "base") if name in models]
    retrained = [r for r in records if r.is_retrained]
    sound = len(retrained) > 1 and models["finetuned"][0].value("model_utility") is not None
    if not sound or len(readings) < 2 or readings[0] is None or readings[1] is None:
        raise UserError(
            f"{folder} lacks what rules are judged by: make it with --set sweep.sets=both and two retrained models or more"
        )
    tested = ~of_validation_authors(np.array(retrained[0].forget_rows["author"], dtype=np.int64))
    yardstick = {s: np.stack([r.row_statistic(s)[tested] for r in retrained]) for s in STATISTICS}
    by_method: dict[str, list[Record]] = {}
    for record in records:
        if record.role == "method":
            by_method.setdefault(record.method, []).append(record)
    for method, own in by_method.items():
        trials = [_judged(folder, r, tested, yardstick) for r in sorted(own, key=lambda record: record.created)]
        yield Group(method, trials, readings[0], readings[1])


def _judged(folder: Path, record: Record, tested: np.ndarray, yardstick: dict[str, np.ndarray]) -> Judged:
    pairs = ((record.row_statistic(s)[tested], z) for s, z in yardstick.items())
    far = largest_distance(pairs) if record.forget_rows else None
    return Judged(
        Trial(record.method, record.split, {}, record.status, reading_of(folder, record), key=record.key),
        math.log10(max(FLOOR, record.value(JUDGE) or 0.0)),  # a p-value; of less than FLOOR all are alike
        math.inf if far is None else far,
        record.value("utility_kept") or 0.0,
    )


def compare(folders: list[Path]) -> str:
    """A Markdown table: one line a rule."""
    sweeps = [list(groups(folder)) for folder in folders]
    every_group = [group for sweep in sweeps for group in sweep]
    best = [(best_quality(group), nearest(group)) for group in every_group]
    told = sum(quality is not None for quality, _ in best)
    lines = [
        f"{len(every_group)} methods in {len(folders)} sweeps, of which {told} have a trial that keeps 90 % of every part of utility on"
        " the board's rows. Loss: log10 of the oracle's forget quality on the test authors minus that of the rule's choice;"
        " distance: the choice's over the oracle's. Both over the methods for which rule and oracle have a trial.",
        "",
    ]
    rows = []
    for name, rule in RULES.items():
        rows.append(_row(name, [(rule(group), group, b) for group, b in zip(every_group, best, strict=True)]))
    for number in range(FEWEST, max(len(group.trials) for group in every_group)):
        few = [Group(g.method, g.trials[:number], g.finetuned, g.base) for g in every_group]
        name = f"the present rule, of the first {number} trials"
        rows.append(_row(name, [(present(group), group, b) for group, b in zip(few, best, strict=True)]))
    lines += [
        markdown_table(HEAD, rows, "l" + 9 * "r"),
        "",
        "Below the base model: a forget probability under half of the base model's on the same rows.",
    ]
    if len(sweeps) == 2:
        title = "Kendall's tau-b between the orders of the two sweeps' methods, each by the rule's choices:"
        lines += ["", title, "", agreement(RULES, *sweeps)]
    return "\n".join(lines)


def _row(name: str, choices: list[tuple[Judged | None, Group, tuple[Judged | None, Judged | None]]]) -> list[str]:
    """A rule's row of the table, from (its choice, the method, both oracles' choices)."""
    chosen = [(choice, group, best) for choice, group, best in choices if choice is not None]
    loss = [quality.log10_quality - c.log10_quality for c, _, (quality, _) in chosen if quality is not None]
    far = [c.distance / near.distance for c, _, (_, near) in chosen if near is not None and math.isfinite(c.distance)]
    below = sum(
        c.trial.reading is not None and c.trial.reading.forget_probability < 0.5 * group.base.forget_probability
        for c, group, _ in chosen
    )
    kept = sum(c.kept >= KEPT for c, _, _ in chosen)
    return [name, str(len(chosen)), str(kept), *_three(loss), *_three(far), str(below)]


def _three(values: list[float]) -> list[str]:
    """Median, mean and largest; dashes where there are none."""
    return [f"{median(values):.2f}", f"{fmean(values):.2f}", f"{max(values):.1f}"] if values else ["–"] * 3


if __name__ == "__main__":
    with user_errors():
        print(compare([Path(name) for name in sys.argv[1:] or ["results/quick-all-sweep"]]))
