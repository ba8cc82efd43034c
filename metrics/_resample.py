"""Bootstrap draws of a set's authors that several numbers share, so that their differences stay paired."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from benchmark.common.statistics import DRAWS, cluster_counts, cluster_totals, percentile_interval, resampling_units

if TYPE_CHECKING:
    from benchmark.evaluation.scores import Scores

Limits = tuple[float | None, float | None, dict[str, float | str]]


@dataclass(frozen=True)
class Resample:
    """How often each cluster of n rows is in each draw."""

    codes: np.ndarray  # [n] the cluster of each row
    counts: np.ndarray  # [draws, clusters]
    kind: str  # "authors" or "rows"

    @classmethod
    def draw(cls, authors: np.ndarray, rng: np.random.Generator) -> Resample:
        """``DRAWS`` draws of the authors of [n] rows."""
        codes, units, kind = resampling_units(authors)
        counts = cluster_counts(units, DRAWS, rng) if units else np.zeros((DRAWS, 0))
        return cls(codes, counts, kind)

    def means(self, values: np.ndarray) -> np.ndarray:
        """[draws, k] means of [n, k] values; NaN values are left out, NaN where a draw has none."""
        sums, sizes = cluster_totals(values, self.codes, self.counts.shape[1])
        with np.errstate(invalid="ignore"):
            return (self.counts @ sums) / (self.counts @ sizes)

    def totals(self, values: np.ndarray) -> np.ndarray:
        """[clusters, k] sums of [n, k] values."""
        sums = np.zeros((self.counts.shape[1], values.shape[1]))
        np.add.at(sums, self.codes, values)
        return sums


def resamples(scores: Scores, names: tuple[str, ...], rng: np.random.Generator) -> dict[str, Resample]:
    """Draws for each of these sets that was scored, one set independently of another."""
    return {name: Resample.draw(scores.sets[name].authors, rng) for name in names if name in scores.sets}


def limits_of(draws: np.ndarray, samples: Mapping[str, Resample]) -> Limits:
    """``(low, high, extra)`` of a measurement from its [draws]: the interval, and what was resampled."""
    limits = percentile_interval(draws)
    if limits is None:
        return None, None, {"interval": "none: every draw gave the same"}
    kinds = {name: sample.kind for name, sample in samples.items()}
    if len(set(kinds.values())) == 1:
        return *limits, {"interval": next(iter(kinds.values()))}
    return *limits, {"interval": "; ".join(f"{name}: {kind}" for name, kind in kinds.items())}
