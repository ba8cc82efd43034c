"""The methods of a board with what a paired bootstrap needs: values, and draws that all methods of a split share."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from benchmark.common.kolmogorov_smirnov import bootstrap_ks
from benchmark.common.statistics import DRAWS, cluster_bootstrap_means, harmonic_mean, interval_rng, resampling_units
from benchmark.evaluation.scores import check_same_rows
from benchmark.records.record import Record
from metrics.model_utility import ModelUtility
from metrics.probability import Probability
from metrics.rouge import Rouge
from metrics.truth_ratio import TruthRatio

if TYPE_CHECKING:
    from benchmark.evaluation.scores import Scores, SetScores

LOG_QUALITY = "log10_forget_quality"
QUANTITIES = (LOG_QUALITY, "ks_statistic", "forget_probability", "forget_rouge", "model_utility")
FEWEST_AUTHORS = 5  # below, an author bootstrap has at most 35 distinct draws (three of two authors)


@dataclass(frozen=True)
class Basis:
    """What the draws of a run's forget set rest on."""

    kind: str  # "authors" or "rows"
    authors: int
    rows: int


@dataclass(frozen=True)
class Sample:
    """One run: its record's values, and [draws] of each quantity that could be drawn."""

    record: Record
    draws: dict[str, np.ndarray] = field(default_factory=dict)
    why: dict[str, str] = field(default_factory=dict)  # quantity -> why it has no draws
    basis: Basis | None = None
    questions: tuple = ()  # of every set: only runs that answered the same ones can be paired

    def value(self, quantity: str) -> float | None:
        """From the record; log10 of a p-value of 0 is known only where the record holds it."""
        if quantity != LOG_QUALITY:
            return self.record.value(quantity)
        quality = self.record.value("forget_quality")
        logarithm = (self.record.metrics.get("forget_quality", {}).get("extra") or {}).get("log10_p")
        return logarithm if logarithm is not None or not quality else float(np.log10(quality))


@dataclass(frozen=True)
class MethodSamples:
    """One method on one split: its runs by seed, those that failed left out."""

    name: str
    split: str
    samples: dict[int, Sample]
    config: dict

    @property
    def status(self) -> str:
        """ "ok", or what became of the runs that are not."""
        bad = [s.record.status for s in self.samples.values() if s.record.status != "ok"]
        if not bad:
            return "ok"
        return bad[0] if len(self.samples) == 1 else f"{bad[0]}: {len(bad)} of {len(self.samples)} seeds"

    def value(self, quantity: str, seeds: list[int] | None = None) -> float | None:
        """Mean over the seeds, None where one of them has none."""
        values = [s.value(quantity) for s in self._chosen(seeds)]
        return None if None in values or not values else float(np.mean(values))

    def draws(self, quantity: str, seeds: list[int] | None = None) -> np.ndarray | str:
        """[draws] averaged over the seeds, or why there are none."""
        chosen = self._chosen(seeds)
        for sample in chosen:
            if quantity not in sample.draws:
                reason = sample.why.get(quantity, "not measured")
                return f"{self.name} seed {sample.record.seed}: {reason}"
        if len({sample.questions for sample in chosen}) > 1:
            return f"{self.name}: its seeds did not answer the same questions"
        return np.mean([sample.draws[quantity] for sample in chosen], axis=0) if chosen else f"{self.name}: no seed"

    def _chosen(self, seeds: list[int] | None) -> list[Sample]:
        return [sample for seed, sample in self.samples.items() if seeds is None or seed in seeds]


def make_sample(record: Record, scores: Scores, reference: Scores | None, why_not: str) -> Sample:
    """A run with its draws; ``why_not`` says why there is no reference.

    Raises:
        UserError: the run and its reference did not answer the same questions.
    """
    draws, why = {}, {}
    basis = None
    if "forget" in scores:
        forget = scores["forget"]
        units, kind = clusters(forget)
        basis = Basis(kind, len({int(author) for author in forget.authors if author >= 0}), len(forget))
        draws |= _forget_means(forget, units, record.split)
        if reference is None:
            why |= dict.fromkeys((LOG_QUALITY, "ks_statistic"), why_not)
        else:
            check_same_rows(scores, reference)
            draws |= _ks(forget, reference["forget"], units, record.split)
    if all(name in scores for name in ModelUtility.sets):
        draws["model_utility"] = _utility(scores, record.split)
    draws = {q: d for q, d in draws.items() if not np.isnan(d).all()}
    why |= {q: "its set was not scored, or it is undefined" for q in QUANTITIES if q not in {*draws, *why}}
    questions = tuple((name, tuple(part.questions)) for name, part in sorted(scores.sets.items()))
    return Sample(record, draws, why, basis, questions)


def clusters(rows: SetScores) -> tuple[np.ndarray, str]:
    """What is drawn: [n] author numbers, or -1 for every row where the authors are too few; and its name."""
    authors = np.asarray(rows.authors)
    if len(set(authors[authors >= 0].tolist())) < FEWEST_AUTHORS:
        authors = np.full(len(authors), -1)
    return authors, resampling_units(authors)[2]


def stream(split: str, set_name: str) -> np.random.Generator:
    """A generator that is the same for all methods of a split.

    Each bootstrap function draws its units first and nothing else. So the same number of draws of the same number of
    units gives the same units for every method: this is what pairs them.
    """
    return interval_rng(f"claims {split} {set_name}")


def _forget_means(rows: SetScores, units: np.ndarray, split: str) -> dict[str, np.ndarray]:
    parts = {"forget_probability": Probability(), "forget_rouge": Rouge()}
    values = np.column_stack([p.transform("forget", p.values("forget", rows)[0]) for p in parts.values()])
    means = cluster_bootstrap_means(values, units, DRAWS, stream(split, "forget"))
    return dict(zip(parts, means.T, strict=True))


def _ks(rows: SetScores, reference: SetScores, units: np.ndarray, split: str) -> dict[str, np.ndarray]:
    ours, theirs = (TruthRatio().values("forget", part)[0] for part in (rows, reference))
    if np.isnan(ours).all() or np.isnan(theirs).all():
        return {}
    drawn = bootstrap_ks(ours, theirs, units, DRAWS, stream(split, "forget"))
    return {LOG_QUALITY: drawn.log10_p, "ks_statistic": drawn.statistic}


def _utility(scores: Scores, split: str) -> np.ndarray:
    means = []
    for name in ModelUtility.sets:
        rows = scores[name]
        # All rows stay, undefined ones as NaN, so that every model has the same units to draw.
        values = np.column_stack([p.transform(name, p.values(name, rows)[0]) for p in ModelUtility.parts])
        means.append(cluster_bootstrap_means(values, clusters(rows)[0], DRAWS, stream(split, name)))
    return harmonic_mean(np.concatenate(means, axis=1), axis=1)
