"""The difference of two numbers with its 95 % interval: paired over forget authors, or from the two intervals alone.

Paired, where both boards have the same forget rows: the delete-one-author jackknife of the difference, an author leaving both
boards at once, so that what makes an author easy or hard for both cancels. To it are added, each part with its own t quantile,

    half-width^2 = (t se_authors)^2 + sum over boards of (t se_seeds)^2 + (t se_models)^2,

the spread over seeds of a board that has three or more, and for a residual what another draw of retrained models would do
(metrics/calibration/residual.py), of each board: a little too wide where both share their retrained models.

Unpaired: limits of b - a from the limits of both (MOVER; Zou and Donner 2008, Statistics in Medicine 27, 1693-1702),

    low  = d - sqrt((b - low_b)^2 + (high_a - a)^2),
    high = d + sqrt((high_b - b)^2 + (a - low_a)^2),

as if the two were independent, which is too wide where both share rows. Distances are compared by their ratio, on a log
scale; p-values by decades.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from benchmark.common.crossed_seeds import mean_variance
from benchmark.common.jackknife import jackknife
from benchmark.common.statistics import LEVEL

Kind = Literal["difference", "ratio", "decades"]  # b - a, b / a, log10(b / a)
NO_VALUE = "none: not a number on both boards"
SAME_NUMBERS = "none: the same on both boards, author by author"


@dataclass(frozen=True)
class Difference:
    """From board a to board b: 0, of a ratio 1, is no difference."""

    kind: Kind
    value: float | None
    low: float | None
    high: float | None
    covers: str  # "paired: authors and seeds", "unpaired: ...", or "none: " and why there is no interval

    @property
    def is_paired(self) -> bool:
        """Whether the interval is over authors that both boards have."""
        return self.covers.startswith("paired")

    @property
    def excludes_none(self) -> bool:
        """Whether no difference lies outside the interval."""
        none = 1.0 if self.kind == "ratio" else 0.0
        return self.low is not None and self.high is not None and not self.low <= none <= self.high


@dataclass(frozen=True)
class Spread:
    """What makes a board's number vary besides authors: a variance on the scale of the difference, and its degrees of freedom."""

    variance: float
    degrees: float
    kind: str  # "seeds", "retrained models"


def scaled(value: ArrayLike, kind: Kind) -> np.ndarray:
    """A number where differences are taken; NaN for a ratio with what is not positive."""
    number = np.asarray(value, dtype=np.float64)
    if kind == "difference":
        return number
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = np.log(number) if kind == "ratio" else np.log10(number)
    return np.asarray(np.where(np.isfinite(logs), logs, np.nan))


def seed_spread(values: Sequence[float], seeds: Sequence[tuple[int, int]], kind: Kind) -> list[Spread]:
    """The spread of a mean over the seeds of a board, where there are enough of them to tell."""
    known = mean_variance(scaled(values, kind), seeds) if len(values) > 1 else None
    return [] if known is None or not math.isfinite(known[0]) else [Spread(*known, "seeds")]


def paired(first: np.ndarray, second: np.ndarray, kind: Kind, spreads: Sequence[Spread] = ()) -> Difference:
    """The paired difference.

    Args:
        first, second: [1 + G] board a's and b's number from all authors, then without each author in turn.
        spreads: of both boards.
    """
    from scipy.special import stdtrit

    gaps = scaled(second, kind) - scaled(first, kind)
    if not np.isfinite(gaps[0]):
        return Difference(kind, None, None, None, NO_VALUE)
    value = _back(float(gaps[0]), kind)

    if not np.nan_to_num(gaps).any():
        return Difference(kind, value, None, None, SAME_NUMBERS)

    def leave_out(stay: dict[str, np.ndarray]) -> float:
        return float(gaps[0] if stay["authors"].all() else gaps[1 + int(np.argmin(stay["authors"]))])

    made = jackknife(leave_out, {"authors": np.arange(len(gaps) - 1)})  # type: ignore[arg-type]
    if isinstance(made, str):
        return Difference(kind, value, None, None, made)
    parts = [(made.se**2, made.degrees), *((spread.variance, spread.degrees) for spread in spreads)]
    reach = math.sqrt(sum(variance * float(stdtrit(degrees, (1 + LEVEL) / 2)) ** 2 for variance, degrees in parts))
    covers = " and ".join(["paired: authors", *dict.fromkeys(spread.kind for spread in spreads)])
    return Difference(kind, value, _back(gaps[0] - reach, kind), _back(gaps[0] + reach, kind), covers)


def unpaired(
    a: tuple[float | None, float | None, float | None], b: tuple[float | None, float | None, float | None], kind: Kind,
    why: str = "",
) -> Difference:  # fmt: skip
    """The difference from both numbers and their limits.

    Args:
        a, b: value, low, high.
        why: there is no interval, where one board has none.
    """
    (mid_a, low_a, high_a), (mid_b, low_b, high_b) = (
        [None if x is None or math.isnan(y := float(scaled(x, kind))) else y for x in numbers] for numbers in (a, b)
    )
    if mid_a is None or mid_b is None:
        return Difference(kind, None, None, None, NO_VALUE)
    gap = mid_b - mid_a
    if low_a is None or high_a is None or low_b is None or high_b is None:
        return Difference(kind, _back(gap, kind), None, None, why or "none: no interval on both boards")
    down, up = math.hypot(mid_b - low_b, high_a - mid_a), math.hypot(high_b - mid_b, mid_a - low_a)
    return Difference(kind, _back(gap, kind), _back(gap - down, kind), _back(gap + up, kind), "unpaired")


def _back(gap: float, kind: Kind) -> float:
    return math.exp(min(gap, 700.0)) if kind == "ratio" else float(gap)
