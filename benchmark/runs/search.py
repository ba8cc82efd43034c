"""Which hyperparameters a method tries next: the same number of trials for every method, whatever it does with them.

A method's first axis is the preset's grid of one key of [training] (the learning rate); for methods in closed form it is the
constant that they name. Where the choice lies at an end of what has been tried, the grid goes on there by its factor, until
the choice is interior or the stated cap is reached. Trials that are left go to the constant by which the authors weigh
forgetting against retention, if the method names one, and else between the choice and its neighbours.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from benchmark.config.schema import Sweep
from benchmark.records.selection import Reading, Trial, choose


@dataclass(frozen=True)
class Axis:
    """One hyperparameter: where its search starts, and within which limits it goes on."""

    name: str
    start: tuple[float, ...]
    low: float
    high: float
    factor: float = 3.0  # of a step


@dataclass(frozen=True)
class Search:
    """The search of one method."""

    axes: tuple[Axis, ...]  # the first, and perhaps the constant that weighs forgetting against retention
    grid: Sweep

    def next(self, trials: Sequence[Trial], finetuned: Reading, base: Reading) -> dict[str, float] | None:
        """The hyperparameters of the next trial; None when all trials are done or nothing is left to try."""
        if len(trials) >= self.grid.trials:
            return None
        tried = [trial.changes for trial in trials]
        first = self.axes[0]
        for value in first.start:
            if not _has(tried, {first.name: value}):
                return {first.name: value}
        best = choose(trials, finetuned, base)
        stronger = best is not None and not _reaches(best, base)  # what is wanted next
        for axis in self.axes:
            point = self._beyond(axis, trials, best, stronger)
            if point is not None:
                return point
        return self._between(trials, best, stronger)

    def at_edge(self, trials: Sequence[Trial], chosen: Trial, base: Reading) -> bool:
        """Whether a setting beyond those tried on the first axis might have been chosen instead.

        At the strong end that is always so; at the weak end only where the choice forgets enough, and a gentler one may too.
        """
        values = [trial.changes[self.axes[0].name] for trial in trials]
        value = chosen.changes[self.axes[0].name]
        return value == max(values) or (value == min(values) and _reaches(chosen, base))

    def _beyond(
        self, axis: Axis, trials: Sequence[Trial], best: Trial | None, stronger: bool
    ) -> dict[str, float] | None:
        """A step past an end of an axis where the choice lies there; where nothing is usable, a step down the first.

        Down the first axis forgetting gets weaker, so a choice that does not forget enough does not go there. Which way
        the second constant works is for its trials to tell.
        """
        first, factor, tried = axis is self.axes[0], axis.factor, [trial.changes for trial in trials]
        if best is None:
            lowest = min(changes[axis.name] for changes in tried) if first else 0.0
            return _free(axis, {axis.name: rounded(lowest / factor)}, tried) if first else None
        beside = [changes for changes in tried if _same_but(changes, best.changes, axis.name)]
        values = [changes.get(axis.name, axis.start[0]) for changes in beside]
        current = best.changes.get(axis.name, axis.start[0])
        ends = [(max(values), factor)] if first and stronger else [(max(values), factor), (min(values), 1 / factor)]
        for end, step in ends:
            point = _free(axis, {**best.changes, axis.name: rounded(current * step)}, tried)
            if current == end and point is not None:
                return point
        return None

    def _between(self, trials: Sequence[Trial], best: Trial | None, stronger: bool) -> dict[str, float] | None:
        """A point between the choice and a neighbour on the first axis, ever nearer, first on the side that is wanted."""
        axis, tried = self.axes[0], [trial.changes for trial in trials]
        centre = best.changes if best is not None else min(tried, key=lambda changes: changes[axis.name])
        for side in (1, -1) if stronger else (-1, 1):
            for part in (2, 4, 8, 16):
                step = axis.factor ** (side / part)
                point = _free(axis, {**centre, axis.name: rounded(centre[axis.name] * step)}, tried)
                if point is not None:
                    return point
        return None


def rounded(value: float) -> float:
    """Three digits: a setting that can be typed."""
    return float(f"{value:.3g}")


def _reaches(trial: Trial, base: Reading) -> bool:
    return trial.reading is not None and trial.reading.forget_probability <= base.forget_probability


def _free(axis: Axis, point: dict[str, float], tried: Sequence[dict[str, float]]) -> dict[str, float] | None:
    """The point if it is within the axis's limits and was not tried."""
    slack = 1 + 1e-6
    return point if axis.low / slack <= point[axis.name] <= axis.high * slack and not _has(tried, point) else None


def _has(tried: Sequence[dict[str, float]], point: dict[str, float]) -> bool:
    """Whether a point was tried, up to the rounding of steps by a factor of about 3."""
    return any(
        changes.keys() == point.keys() and all(math.isclose(changes[k], point[k], rel_tol=0.02) for k in point)
        for changes in tried
    )


def _same_but(one: dict[str, float], other: dict[str, float], name: str) -> bool:
    return {k: v for k, v in one.items() if k != name} == {k: v for k, v in other.items() if k != name}
