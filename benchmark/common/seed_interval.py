"""Interval of a mean over seeds, from each seed's own interval over authors and the spread between seeds.

On the number's scale (jackknife.py) the variance of the mean over S seeds is

    v = mean over seeds of se^2  +  s^2 / S,

se of a seed's jackknife over authors, s^2 the seeds' variance (several fine-tuned models too: crossed_seeds.py); f = v^2 / ((mean se^2)^2 / f_authors + (s^2 / S)^2 / (S - 1))
degrees of freedom (Satterthwaite 1946). All seeds have the same authors, so that their authors' variance is not averaged
away; what differs by author and seed is in both parts, which makes the interval a little too wide, never too narrow. Below 3
seeds the spread between seeds is not known to any purpose (t = 12.7) and left out, which the interval then says.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from benchmark.common.crossed_seeds import mean_variance
from benchmark.common.jackknife import ALIKE, Scale, limits, to_scale

AND_SEEDS = " and seeds"
TWO_SEEDS = " (two seeds: too few to count their spread)"


@dataclass(frozen=True)
class SeedValue:
    """A seed's number with its own interval on the number's scale; ``se`` is None where it has none."""

    value: float
    se: float | None
    degrees: float | None
    kind: str  # what its interval is over, or "none: " and why there is none
    seeds: tuple[int, int] = (0, 0)  # of unlearning and of fine-tuning


def over_seeds(values: Sequence[SeedValue], scale: Scale) -> tuple[tuple[float, float] | None, str]:
    """Limits of the mean over two seeds or more, and what they cover: "authors and seeds", or "none: ..." and why.

    Numbers without an interval of their own (p-values) have one of their seeds alone, from three on.
    """
    center = float(to_scale(math.fsum(v.value for v in values) / len(values), scale))
    points = to_scale(np.array([v.value for v in values]), scale)
    own = [(v.se, v.degrees) for v in values if v.se is not None and v.degrees is not None]
    spread = mean_variance(points, [v.seeds for v in values]) if np.isfinite(points).all() else None
    several, known = spread is not None, len(own) == len(values)
    if not np.isfinite(points).all():
        return None, "none: at a limit of its range"
    if not (known or several):
        without = [v.kind for v in values if v.se is None]
        return None, min(without, key=lambda kind: not kind.startswith("none"))
    parts = [] if spread is None else [spread]
    if known:
        of_authors = float(np.mean([se**2 for se, _ in own]))
        parts.append((of_authors, float(np.mean([degrees for _, degrees in own]))))
    total = sum(variance for variance, _ in parts)
    if total <= (ALIKE * max(1.0, abs(center))) ** 2:
        return None, "none: all seeds gave the same"
    degrees = total**2 / sum(variance**2 / f for variance, f in parts)
    kind = (values[0].kind + (AND_SEEDS if several else TWO_SEEDS)) if known else "seeds"
    return limits(center, math.sqrt(total), degrees, scale), kind


def over_limits(
    values: Sequence[float], own: Sequence[tuple[float, float]], seeds: Sequence[tuple[int, int]]
) -> tuple[tuple[float, float] | None, str]:
    """Limits of the mean over two seeds or more of a number whose own limits are of no one t distribution: a smallest of several,
    or parts with a quantile each.

    On either side the root of the mean squared way from value to limit and, from three seeds on, the squared half-width over
    seeds: each part has its own quantile, so that what is added is never too little.

    Args:
        own: the limits of each run.
        seeds: its unlearning and its fine-tuning seed.
    """
    center, spread = math.fsum(values) / len(values), mean_variance(np.array(values), seeds)
    down = float(np.mean([(value - low) ** 2 for value, (low, _) in zip(values, own, strict=True)]))
    up = float(np.mean([(high - value) ** 2 for value, (_, high) in zip(values, own, strict=True)]))
    if spread is None:
        return (center - math.sqrt(down), center + math.sqrt(up)), TWO_SEEDS
    between = (limits(center, math.sqrt(spread[0]), spread[1], "identity")[1] - center) ** 2
    return (center - math.sqrt(down + between), center + math.sqrt(up + between)), AND_SEEDS


def log10_values(values: Sequence[float], logs10: Sequence[float | None]) -> list[float]:
    """log10 of p-values: what is known of it beside the value, which may have underflowed, else the value's own.

    Args:
        logs10: log10 of each, None where only the value is known.
    """
    with np.errstate(divide="ignore"):
        return [float(np.log10(v)) if log is None else log for v, log in zip(values, logs10, strict=True)]
