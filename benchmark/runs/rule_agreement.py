"""Whether a rule of choice puts the methods of two sweeps into the same order: a rule that does not has chosen noise.

On each sweep the rule chooses a trial of every method, and the methods are ordered by what no rule may read (benchmark/runs/compare_rules.py).
Methods count whose choice keeps 90 % of every part on the validation rows of both. What varies in the interval: the methods.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from benchmark.common.rank_correlation import kendall
from benchmark.common.tables import markdown_table

if TYPE_CHECKING:
    from benchmark.runs.compare_rules import Group, Judged, Rule


def agreement(rules: dict[str, Rule], first: Sequence[Group], second: Sequence[Group]) -> str:
    """A Markdown table: Kendall's tau-b between the orders of two sweeps' methods, one line a rule."""
    rows = []
    for name, rule in rules.items():
        one, other = _chosen(rule, first), _chosen(rule, second)
        shared = [method for method in one if method in other]
        if len(shared) < 2:
            continue
        far = kendall([one[m].distance for m in shared], [other[m].distance for m in shared])
        quality = kendall([one[m].log10_quality for m in shared], [other[m].log10_quality for m in shared])
        rows.append((name, str(len(shared)), far.text, quality.text))
    return markdown_table(("rule", "methods", "by distance", "by forget quality"), rows, "lrrr")


def _chosen(rule: Rule, groups: Sequence[Group]) -> dict[str, Judged]:
    """Method -> the rule's choice, of those that qualify and have a distance."""
    made = {group.method: (rule(group), group) for group in groups}
    return {
        method: choice
        for method, (choice, group) in made.items()
        if choice is not None and choice.trial.qualifies(group.finetuned) and math.isfinite(choice.distance)
    }
