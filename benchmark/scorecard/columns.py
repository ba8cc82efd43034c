"""The columns that a scorecard judges: every metric's, replicas' included, with what is to be known of each."""

from __future__ import annotations

from dataclasses import dataclass

import metrics
from metrics.base import P_VALUE, Metric, SetMetric

OURS, TOFU, OPEN_UNLEARNING = "this project", "TOFU replica", "OpenUnlearning replica"


@dataclass(frozen=True)
class Column:
    """One number of a board."""

    name: str
    direction: str  # higher, lower or target
    family: str
    p_value: bool
    reads_forget: bool  # those that do not are no number of forgetting: their AUC should be 0.5


def columns() -> list[Column]:
    """All of them, in the order of ``metrics.ORDER``, then by name."""
    known = metrics.metric_of()
    place = {name: number for number, name in enumerate(metrics.ORDER)}
    names = sorted(known, key=lambda name: (place.get(name, len(place)), name))
    return [
        Column(name, known[name].columns()[name], _family(known[name]), known[name].unit == P_VALUE,
               _reads_forget(name, known[name]))
        for name in names
    ]  # fmt: skip


def _family(metric: Metric) -> str:
    if not metric.replica:
        return OURS
    return TOFU if metric.name.endswith("_tofu") else OPEN_UNLEARNING


def _reads_forget(column: str, metric: Metric) -> bool:
    return column == f"forget_{metric.name}" if isinstance(metric, SetMetric) else "forget" in metric.sets
