"""One metric of one row of a board: the mean over its seeds, and an interval that says what it covers."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

import metrics
from benchmark.common.statistics import DRAWS, LEVEL, resampling_units, two_level_interval

if TYPE_CHECKING:
    from benchmark.evaluation.scores import Scores

AND_SEEDS = " and seeds"
UNION = "union of the seeds' own intervals"
ALIKE = 1e-12  # relative width below which an interval is rounding error, and no statement on uncertainty


@dataclass(frozen=True)
class Cell:
    """Mean over the seeds that have a value, its 95 % interval and what that covers."""

    value: float | None
    low: float | None
    high: float | None
    covers: str  # "authors", "authors and seeds", ... or "none: " and why there is no interval
    seeds: int  # how many seeds have a value


@cache
def metric_of() -> dict[str, metrics.Metric]:
    """Column -> the metric of this project that gives it."""
    loaded = [metrics.load_metric(name) for name in metrics.metric_names()]
    return {column: metric for metric in loaded for column in metric.columns()}


def make_cell(column: str, seeds: list[tuple[metrics.Measurement, Scores | None]], rng: np.random.Generator) -> Cell:
    """The cell of a column.

    Args:
        seeds: measurement and scores of each seed that was measured; scores are read for two seeds or more.
        rng: of the resampling.
    """
    defined = [(measured, scores) for measured, scores in seeds if measured.value is not None]
    values = [measured.value for measured, _ in defined]
    if not values:
        why = sorted({reason for measured, _ in seeds for reason in measured.undefined}) or ["not measured"]
        return Cell(None, None, None, f"none: {'; '.join(why)}", 0)
    if len(values) == 1:
        only = defined[0][0]
        limits = None if only.low is None or only.high is None else (only.low, only.high)
        unknown = "none: the record has none" if limits is None else "not said in the record"
        covers = str(only.extra.get("interval", unknown))
    else:
        limits, covers = _over_rows_and_seeds(column, defined, rng) or _over_seeds(column, defined)
    if limits and limits[1] - limits[0] <= ALIKE * max(map(abs, limits)):
        limits, covers = None, "none: no width"
    low, high = limits or (None, None)
    return Cell(math.fsum(values) / len(values), low, high, covers, len(values))


def _over_rows_and_seeds(
    column: str, defined: list[tuple[metrics.Measurement, Scores | None]], rng: np.random.Generator
) -> tuple[tuple[float, float] | None, str] | None:
    """Limits and what they cover, for means over rows.

    None where the column is no such mean, or where its rows cannot be had: no scores, or a record made with
    another version of the metric.
    """
    metric = metric_of().get(column)
    if not isinstance(metric, metrics.SetMetric):
        return None
    if any(scores is None or measured.version != metric.version for measured, scores in defined):
        return None
    set_name = column.removesuffix(f"_{metric.name}")
    sets = [scores[set_name] for _, scores in defined]
    values = [metric.transform(set_name, metric.values(set_name, rows)[0]) for rows in sets]
    limits = two_level_interval([(v, rows.authors) for v, rows in zip(values, sets, strict=True)], DRAWS, rng)
    kind = resampling_units(sets[0].authors)[2]
    return limits, kind + AND_SEEDS if limits else "none: every draw gave the same"


def _over_seeds(
    column: str, defined: list[tuple[metrics.Measurement, Scores | None]]
) -> tuple[tuple[float, float] | None, str]:
    """Limits and what they cover, from the seeds' values and their own intervals.

    From three seeds on the distances from a seed's value to its own limits, averaged (the seeds share their rows, so
    more seeds do not mean more rows), and Student's t interval between the seeds are added in quadrature (recovery of
    variance estimates, Zou and Donner 2008); p-values on a log scale. Two seeds say too little of their spread
    (t = 12.7): there it is the span of their own intervals.
    """
    own = [limit for measured, _ in defined for limit in (measured.low, measured.high)]
    known = None not in own
    if len(defined) == 2:
        if not known:
            return None, "none: two seeds, and not both have an interval of their own"
        return (min(own), max(own)), UNION
    from scipy.special import stdtrit

    values = np.array([measured.value for measured, _ in defined])
    metric = metric_of().get(column)
    bottom, top = metric.range if metric else (-math.inf, math.inf)
    p_value = metric is not None and metric.unit == "p-value" and bool((values > 0).all())
    scaled, back = (np.log10, lambda x: 10.0**x) if p_value else (np.asarray, float)
    covers = f"{defined[0][0].extra.get('interval', 'rows')}{AND_SEEDS}" if known else "seeds"
    alike = np.ptp(values) <= ALIKE * np.abs(values).max()
    if alike and not known:
        return None, "none: all seeds gave the same"
    points = scaled(values)
    reach = 0.0 if alike else stdtrit(len(values) - 1, (1 + LEVEL) / 2) * points.std(ddof=1) / math.sqrt(len(values))
    below = above = 0.0
    if known:
        with np.errstate(divide="ignore"):  # a limit of 0 is infinitely far on a log scale
            below = np.mean(points - scaled(np.array(own[::2])))
            above = np.mean(scaled(np.array(own[1::2])) - points)
    low = max(bottom, back(points.mean() - math.hypot(below, reach)))
    high = min(top, back(points.mean() + math.hypot(above, reach)))
    value = math.fsum(values) / len(values)  # on a log scale above the middle
    return (min(low, value), max(high, value)), covers
