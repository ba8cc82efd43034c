"""What is compared of two models, row by row, with the authors that the rows belong to.

Forget quality is the p-value of one test on all rows: it has no value an author. ``DISTANCE`` is compared in its place:
the mean over an author's forget rows, and over the retrained models, of |log R - the retrained model's log R|, R the
truth ratio that forget quality tests. A model with high forget quality is close, but the two are not the same: a model can
get close row by row with too little spread between rows, or have the retrained model's distribution with its rows in
another order.

Model utility is a harmonic mean H of nine means m_k, and is compared by what each author adds to it: the sum over k of
dH/dm_k = H^2 / (9 m_k^2) times the author's part of m_k. H is homogeneous, so these parts add up to H (Euler), and their
spread within each of the three sets is that of H by the delta method. Flipped signs count the difference between the sets'
levels as spread too, so that p of a difference in utility is too large rather than too small. Rows that are nobody's (real authors, world facts) are an author each.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from benchmark.common.statistics import harmonic_mean
from metrics.model_utility import ModelUtility
from metrics.probability import Probability
from metrics.rouge import Rouge
from metrics.truth_ratio import TruthRatio

if TYPE_CHECKING:
    from benchmark.evaluation.scores import Scores, SetScores

DISTANCE = "retrained_distance"


@dataclass(frozen=True)
class ByAuthor:
    """One number an author."""

    values: np.ndarray  # [G]
    sets: np.ndarray  # [G] the evaluation set that the author belongs to, as a number

    @property
    def fewest(self) -> int:
        """Authors of the set that has the fewest."""
        return int(np.unique(self.sets, return_counts=True)[1].min())

    @property
    def standard_error(self) -> float:
        """Of the mean over all authors. Each set has a number of authors of its own: what sets them apart is no spread."""
        return math.sqrt(sum(variance for variance, _ in self._variances())) / len(self.values)

    @property
    def degrees(self) -> float:
        """Of freedom of that: G - 1 of one set; of several, Satterthwaite's (1946) of their sum."""
        parts = self._variances()
        scale = sum(variance**2 / degrees for variance, degrees in parts)
        return sum(variance for variance, _ in parts) ** 2 / scale if scale else len(self.values) - 1

    def _variances(self) -> list[tuple[float, int]]:
        """The variance of each set's sum, and its degrees of freedom; a set of one author shows none."""
        own = [self.values[self.sets == name] for name in np.unique(self.sets)]
        return [(len(v) * float(v.var(ddof=1)), len(v) - 1) for v in own if len(v) > 1]


@dataclass(frozen=True)
class Values:
    """One quantity of one model."""

    rows: np.ndarray  # [n] NaN where undefined
    authors: np.ndarray  # [n] in 0..G-1
    sets: np.ndarray  # [n] as in ``ByAuthor``

    def by_author(self) -> ByAuthor:
        """Means over the defined rows of each author that has any."""
        kept = ~np.isnan(self.rows)
        _, first, codes = np.unique(self.authors[kept], return_index=True, return_inverse=True)
        return ByAuthor(np.bincount(codes, self.rows[kept]) / np.bincount(codes), self.sets[kept][first])


def numbered(authors: np.ndarray) -> tuple[np.ndarray, int]:
    """``([n] in 0..G-1, G)``; a row of nobody (-1) is an author of its own."""
    authors = np.asarray(authors, dtype=np.int64)
    names, codes = np.unique(np.where(authors >= 0, authors, -1 - np.arange(len(authors))), return_inverse=True)
    return codes, len(names)


def forget_values(rows: SetScores, retrained: Sequence[SetScores]) -> dict[str, Values]:
    """What the forget rows give; no distance without a retrained model's rows."""
    parts = {"forget_probability": Probability(), "forget_rouge": Rouge()}
    by_row = {name: p.transform("forget", p.values("forget", rows)[0]) for name, p in parts.items()}
    if retrained:
        ours, *theirs = (TruthRatio().values("forget", part)[0] for part in (rows, *retrained))
        by_row[DISTANCE] = np.mean([np.abs(ours - other) for other in theirs], axis=0)
    codes, _ = numbered(rows.authors)
    one_set = np.zeros(len(codes), dtype=int)
    return {name: Values(values, codes, one_set) for name, values in by_row.items() if not np.isnan(values).all()}


def utility_values(scores: Scores) -> Values | None:
    """What each author of the three utility sets adds to model utility; the mean over all G authors is the utility.

    Returns:
        None where one of the nine means is undefined.
    """
    shares, counts, means = [], [], []
    for name in ModelUtility.sets:
        rows = scores[name]
        values = np.column_stack([p.transform(name, p.values(name, rows)[0]) for p in ModelUtility.parts])
        defined = ~np.isnan(values)
        if not defined.any(axis=0).all():
            return None
        codes, count = numbered(rows.authors)
        share = np.zeros((count, len(ModelUtility.parts)))
        np.add.at(share, codes, np.where(defined, values, 0.0) / defined.sum(axis=0))  # the set's means are its sums
        shares.append(share)
        counts.append(count)
        means.append(share.sum(axis=0))
    whole = float(harmonic_mean(np.concatenate(means)))
    total = sum(counts)
    added = []
    for share, mean in zip(shares, means, strict=True):
        # A mean of 0 makes the utility 0, and has nothing but zeros to add.
        ratio = np.divide(whole, mean, out=np.zeros_like(mean), where=mean > 0)
        added.append(total * share @ (ratio**2 / (len(means) * len(mean))))
    return Values(np.concatenate(added), np.arange(total), np.repeat(np.arange(len(counts)), counts))


def author_differences(first: Values, second: Values, share: float = 1.0) -> ByAuthor:
    """Each author's mean of ``first`` minus ``share`` times ``second``, over the rows that both define."""
    return replace(first, rows=first.rows - share * second.rows).by_author()
