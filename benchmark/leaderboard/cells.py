"""One metric of one row of a board: the mean over its seeds, and an interval that says what it covers."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import cast

import metrics
from benchmark.common.jackknife import Scale
from benchmark.common.seed_interval import SeedValue, log10_values, over_limits, over_seeds
from metrics.base import P_VALUE, within

NO_INTERVAL = "none: a p-value, and too few seeds"


@dataclass(frozen=True)
class Cell:
    """Mean over the seeds that have a value (p-values: on a log scale), its 95 % interval and what that covers."""

    value: float | None
    low: float | None
    high: float | None
    covers: str  # "authors", "authors and seeds", ... or "none: " and why there is no interval
    seeds: int  # how many seeds have a value


@dataclass(frozen=True)
class SeedMeasurement:
    """A run's measurement with its seeds, of unlearning and of fine-tuning."""

    measured: metrics.Measurement
    seeds: tuple[int, int] = (0, 0)


def make_cell(column: str, runs: list[SeedMeasurement]) -> Cell:
    """The cell of a column, from the measurement of each run that was measured; limits are cut to the metric's range."""
    defined = [run for run in runs if run.measured.value is not None]
    if not defined:
        why = sorted({reason for run in runs for reason in run.measured.undefined}) or ["not measured"]
        return Cell(None, None, None, f"none: {'; '.join(why)}", 0)
    metric = metrics.metric_of().get(column)
    if len(defined) == 1:
        only = defined[0].measured
        cell = Cell(only.value, only.low, only.high, _kind(only), 1)
    else:
        cell = _p_value(defined) if metric is not None and metric.unit == P_VALUE else _mean(defined)
    if metric is None:
        return cell
    low, high = within(metric.range, cell.low, cell.high)
    return replace(cell, low=low, high=high)


def _mean(runs: list[SeedMeasurement]) -> Cell:
    """Of two runs or more."""
    measured, seeds = [run.measured for run in runs], [run.seeds for run in runs]
    values = [float(m.value) for m in measured if m.value is not None]
    mean = math.fsum(values) / len(values)
    own = [(m.low, m.high) for m in measured if m.low is not None and m.high is not None]
    # A residual's two parts have a t quantile each: a common one would cover too little where there are three retrained models.
    apart = any(_number(m, "standard_error") is None or _number(m, "se_models") is not None for m in measured)
    if len(own) == len(runs) and apart:
        limits, covers = over_limits(values, own, seeds)
        return _cell(mean, limits, _kind(measured[0]) + covers, len(runs))
    numbers = [
        SeedValue(value, _number(m, "standard_error"), _number(m, "degrees"), _kind(m), place)
        for value, m, place in zip(values, measured, seeds, strict=True)
    ]
    scale = cast("Scale", str(measured[0].extra.get("scale", "identity")))
    return _cell(mean, *over_seeds(numbers, scale), len(runs))


def _p_value(runs: list[SeedMeasurement]) -> Cell:
    """The geometric mean of two p-values or more, which may be 0 by underflow where their logarithms are known."""
    values = [float(run.measured.value) for run in runs if run.measured.value is not None]
    logs = log10_values(values, [_number(run.measured, "log10_p") for run in runs])
    numbers = [SeedValue(log, None, None, NO_INTERVAL, run.seeds) for log, run in zip(logs, runs, strict=True)]
    limits, covers = over_seeds(numbers, "identity")
    mean = math.fsum(logs) / len(logs)
    return _cell(10**mean, None if limits is None else (10 ** limits[0], 10 ** min(limits[1], 0.0)), covers, len(runs))


def _cell(value: float, limits: tuple[float, float] | None, covers: str, seeds: int) -> Cell:
    low, high = limits or (None, None)
    return Cell(value, low, high, covers, seeds)


def _kind(measured: metrics.Measurement) -> str:
    """What a measurement's own interval covers, or why it has none."""
    unknown = "none: the record has none" if measured.low is None else "not said in the record"
    return str(measured.extra.get("interval", unknown))


def _number(measured: metrics.Measurement, name: str) -> float | None:
    value = measured.extra.get(name)
    return float(value) if isinstance(value, int | float) else None
