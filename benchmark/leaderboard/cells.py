"""One metric of one row of a board: the mean over its seeds, and an interval that says what it covers."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import cast

import metrics
from benchmark.common.jackknife import Scale
from benchmark.common.seed_interval import SeedValue, log10_values, over_limits, over_seeds

P_VALUE = "p-value"  # the unit of metrics that are averaged on a log scale
NO_INTERVAL = "none: a p-value, and too few seeds"


@dataclass(frozen=True)
class Cell:
    """Mean over the seeds that have a value (p-values: on a log scale), its 95 % interval and what that covers."""

    value: float | None
    low: float | None
    high: float | None
    covers: str  # "authors", "authors and seeds", ... or "none: " and why there is no interval
    seeds: int  # how many seeds have a value


def make_cell(column: str, seeds: list[metrics.Measurement]) -> Cell:
    """The cell of a column, from the measurement of each seed that was measured; limits are cut to the metric's range."""
    defined = [measured for measured in seeds if measured.value is not None]
    if not defined:
        why = sorted({reason for measured in seeds for reason in measured.undefined}) or ["not measured"]
        return Cell(None, None, None, f"none: {'; '.join(why)}", 0)
    metric = metrics.metric_of().get(column)
    if len(defined) == 1:
        (only,) = defined
        cell = Cell(only.value, only.low, only.high, _kind(only), 1)
    else:
        cell = _p_value(defined) if metric is not None and metric.unit == P_VALUE else _mean(defined)
    if metric is None or cell.low is None or cell.high is None:
        return cell
    least, most = metric.range
    return replace(cell, low=max(cell.low, least), high=min(cell.high, most))


def _mean(seeds: list[metrics.Measurement]) -> Cell:
    """Of two seeds or more."""
    values = [float(m.value) for m in seeds if m.value is not None]
    mean = math.fsum(values) / len(values)
    own = [(m.low, m.high) for m in seeds if m.low is not None and m.high is not None]
    if len(own) == len(seeds) and any(_number(m, "standard_error") is None for m in seeds):
        limits, covers = over_limits(values, own)
        return _cell(mean, limits, _kind(seeds[0]) + covers, seeds)
    numbers = [
        SeedValue(value, _number(m, "standard_error"), _number(m, "degrees"), _kind(m))
        for value, m in zip(values, seeds, strict=True)
    ]
    scale = cast("Scale", str(seeds[0].extra.get("scale", "identity")))
    return _cell(mean, *over_seeds(numbers, scale), seeds)


def _p_value(seeds: list[metrics.Measurement]) -> Cell:
    """The geometric mean of two p-values or more, which may be 0 by underflow where their logarithms are known."""
    values = [float(m.value) for m in seeds if m.value is not None]
    logs = log10_values(values, [_number(m, "log10_p") for m in seeds])
    limits, covers = over_seeds([SeedValue(log, None, None, NO_INTERVAL) for log in logs], "identity")
    mean = math.fsum(logs) / len(logs)
    return _cell(10**mean, None if limits is None else (10 ** limits[0], 10 ** min(limits[1], 0.0)), covers, seeds)


def _cell(value: float, limits: tuple[float, float] | None, covers: str, seeds: list[metrics.Measurement]) -> Cell:
    low, high = limits or (None, None)
    return Cell(value, low, high, covers, len(seeds))


def _kind(measured: metrics.Measurement) -> str:
    """What a measurement's own interval covers, or why it has none."""
    unknown = "none: the record has none" if measured.low is None else "not said in the record"
    return str(measured.extra.get("interval", unknown))


def _number(measured: metrics.Measurement, name: str) -> float | None:
    value = measured.extra.get(name)
    return float(value) if isinstance(value, int | float) else None
