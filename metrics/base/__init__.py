"""What a metric is: a pure function from stored scores to measurements with intervals.

No metric sees a model; importing one must stay light (NumPy only), so SciPy and rouge_score are imported
inside the functions that use them.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from benchmark.common.jackknife import Interval, Scale, Statistic, jackknife, jackknife_mean

if TYPE_CHECKING:  # benchmark.evaluation.scores imports pandas
    from benchmark.evaluation.scores import Scores, SetScores

SETS = ("forget", "retain", "real_authors", "world_facts")
P_VALUE = "p-value"  # the unit of metrics that are averaged on a log scale
DIRECTIONS = ("higher", "lower", "target")


@dataclass(frozen=True)
class Measurement:
    """One number of a board. ``value`` is None where it is undefined, and ``undefined`` then says why.

    Attributes:
        n: rows that count.
        undefined: reason -> rows left out for it; a reason of the measurement as a whole counts 1.
        low, high: limits of the 95 % jackknife interval over ``extra["interval"]``: "authors" or "rows" (or
            "none: ..." with the reason, both limits then None). It does not cover seeds. ``extra`` has the scale on
            which it is symmetric, and there its center, standard error and degrees of freedom.
        extra: further numbers and notes, all finite.
        per_example: one number a row of the set, NaN where undefined; kept out of the JSON.
    """

    value: float | None
    n: int
    undefined: dict[str, int] = field(default_factory=dict)
    low: float | None = None
    high: float | None = None
    extra: dict[str, float | str] = field(default_factory=dict)
    per_example: np.ndarray | None = field(default=None, compare=False, repr=False)
    version: int = 1

    def __post_init__(self) -> None:
        numbers = [self.value, self.low, self.high, *self.extra.values()]
        if any(not math.isfinite(x) for x in numbers if x is not None and not isinstance(x, str)):
            raise ValueError(f"a measurement must be finite, or None with a reason in `undefined`: {self}")
        if self.value is None and not self.undefined:
            raise ValueError("a measurement without a value must say why in `undefined`")

    def to_json(self) -> dict[str, Any]:
        """Everything but ``per_example``, as plain JSON values."""
        return {
            "value": _plain(self.value),
            "n": int(self.n),
            "undefined": {reason: int(count) for reason, count in self.undefined.items()},
            "low": _plain(self.low),
            "high": _plain(self.high),
            "extra": {key: _plain(value) for key, value in self.extra.items()},
            "version": int(self.version),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Measurement:
        """The inverse of ``to_json``; keys that later versions add are ignored."""
        known = ("value", "n", "undefined", "low", "high", "extra", "version")
        return cls(**{key: data[key] for key in known if key in data})


def _plain(value: float | str | None) -> float | str | None:
    return value if value is None or isinstance(value, str) else float(value)


@dataclass(frozen=True)
class References:
    """Scores of other models on the same rows, as far as they are there. A metric says in ``needs`` which it reads."""

    retrained: tuple[Scores, ...] = ()  # trained without the forget rows, one a seed; the first is TOFU's one reference
    finetuned: Scores | None = None  # before unlearning
    # Share of the forget rows that a model was trained with, beside the retained ones -> the models'.
    doses: Mapping[float, tuple[Scores, ...]] = field(default_factory=dict)


NO_REFERENCES = References()


class Metric(ABC):
    """Base of every metric; a subclass lives alone in ``metrics/<name>.py``."""

    name: ClassVar[str]  # the file's name
    version: ClassVar[int]  # raised whenever the formula changes
    # What is better for an unlearned model: "higher", "lower", or "target" where the retrained model's own
    # value is the aim (a model that knows less than one that never saw the rows has not forgotten, it broke).
    # One word, or one for each set.
    direction: ClassVar[str | Mapping[str, str]]
    range: ClassVar[tuple[float, float]]
    unit: ClassVar[str]
    reads: ClassVar[tuple[str, ...]]  # fields of SetScores
    source: ClassVar[str]  # paper and section
    sets: ClassVar[tuple[str, ...]]  # the evaluation sets that it reads
    # Beyond the model's own scores: "holdout" rows; scores after "attacks"; "retrained", "finetuned" and "doses", fields of
    # ``References``.
    needs: ClassVar[tuple[str, ...]] = ()
    # Another suite's number, with its defects: measured only where it is asked for by name.
    replica: ClassVar[bool] = False

    @abstractmethod
    def measure(self, scores: Scores, references: References = NO_REFERENCES) -> dict[str, Measurement]:
        """Measurements by column name, always all of ``columns()``."""

    def columns(self) -> dict[str, str]:
        """Column name -> direction."""
        return {self.name: str(self.direction)}

    def undefined(self, reason: str, **more: Any) -> Measurement:
        """A measurement without a value."""
        return Measurement(None, 0, {reason: 1}, version=self.version, **more)


class SetMetric(Metric):
    """A metric that is a mean over the rows of each set: columns ``<set>_<name>``."""

    sets: ClassVar[tuple[str, ...]] = SETS

    @abstractmethod
    def per_example(self, set_name: str, rows: SetScores) -> np.ndarray:
        """[n] stored value of each row, NaN where undefined."""

    def transform(self, set_name: str, values: np.ndarray) -> np.ndarray:
        """[n] what is averaged, from the stored values; by default the same."""
        return values

    def problems(self, set_name: str, rows: SetScores) -> dict[str, np.ndarray]:
        """Reason -> [n] bool, the rows that are undefined for it; a row counts under its first reason."""
        return {}

    def columns(self) -> dict[str, str]:
        way = self.direction
        return {f"{s}_{self.name}": way if isinstance(way, str) else way[s] for s in self.sets}

    def values(self, set_name: str, rows: SetScores) -> tuple[np.ndarray, dict[str, int]]:
        """``per_example`` with every row of ``problems`` at NaN, and reason -> count."""
        values = np.array(self.per_example(set_name, rows), dtype=np.float64)
        left, counts = np.zeros(len(values), dtype=bool), {}
        named = self.problems(set_name, rows)
        for reason, mask in [*named.items(), ("not a number", np.isnan(values))]:
            if count := int(np.sum(mask & ~left)):
                counts[reason] = count
            left |= mask
        values[left] = np.nan
        return values, counts

    def measure(self, scores: Scores, references: References = NO_REFERENCES) -> dict[str, Measurement]:
        return {f"{s}_{self.name}": self._measure_set(s, scores) for s in self.sets}

    def _measure_set(self, set_name: str, scores: Scores) -> Measurement:
        if set_name not in scores.sets:
            return self.undefined("set not scored")
        rows = scores.sets[set_name]
        stored, reasons = self.values(set_name, rows)
        averaged = self.transform(set_name, stored)
        value, n = mean(averaged)
        if value is None:
            reasons = reasons or {"no rows": 1}
        low, high, extra = mean_interval(averaged, rows.authors, scale_of(self.range))
        return Measurement(value, n, reasons, low, high, extra, stored, self.version)


def mean(values: np.ndarray) -> tuple[float | None, int]:
    """Mean of the defined values and their number. Exactly the same for any order of the rows."""
    defined = values[~np.isnan(values)]
    return (math.fsum(defined) / len(defined) if len(defined) else None), len(defined)


def within(limits: tuple[float, float], low: float | None, high: float | None) -> tuple[float | None, float | None]:
    """An interval's limits cut to a metric's range: one that is symmetric on the number's own scale may reach beyond it."""
    if low is None or high is None:
        return None, None
    return max(low, limits[0]), min(high, limits[1])


Limits = tuple[float | None, float | None, dict[str, float | str]]


def scale_of(limits: tuple[float, float]) -> Scale:
    """The scale of an interval of a number with this range: shares have log-odds."""
    return "logit" if tuple(limits) == (0.0, 1.0) else "identity"


def mean_interval(values: np.ndarray, authors: np.ndarray, scale: Scale) -> Limits:
    """``(low, high, extra)`` of the mean of [n] values, over the authors of the rows that are defined."""
    return interval_fields(jackknife_mean(values, authors, scale), authors)


def sides_interval(statistic: Statistic, authors: Mapping[str, np.ndarray], scale: Scale) -> Limits:
    """``(low, high, extra)`` of a number of several sets, each of which loses its authors one by one.

    Args:
        statistic: set -> [n] bool, the rows that stay -> the number.
        authors: set -> [n] the author of each row.
    """
    return interval_fields(jackknife(statistic, authors, scale), *authors.values())


def interval_fields(interval: Interval | str, *authors: np.ndarray) -> Limits:
    """``(low, high, extra)`` of a measurement: over what the interval is and how it was made, or why there is none.

    Args:
        authors: [n] of each side that loses authors.
    """
    if isinstance(interval, str):
        return None, None, {"interval": interval}
    kind = "authors" if all((np.asarray(own) >= 0).any() for own in authors) else "rows"
    extra: dict[str, float | str] = {"interval": kind, "units": float(interval.units), "scale": interval.scale}
    extra |= {"center": interval.center, "standard_error": interval.se, "degrees": interval.degrees}
    return interval.low, interval.high, extra
