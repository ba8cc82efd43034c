"""The methods of a board: what their records say, and what their rows have to compare."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from benchmark.evaluation.scores import check_same_rows
from benchmark.records.record import Record
from benchmark.rkld_claims.author_values import DISTANCE, Values, forget_values, numbered, utility_values
from metrics.calibration.headline import DISTANCE as LARGEST
from metrics.model_utility import ModelUtility

if TYPE_CHECKING:
    from benchmark.evaluation.scores import Scores

LOG_QUALITY = "log10_forget_quality"
BOARD_ONLY = (LOG_QUALITY, "ks_statistic", LARGEST)  # of all rows at once: shown, not tested
QUANTITIES = (*BOARD_ONLY, DISTANCE, "forget_probability", "forget_rouge", "model_utility")


class Seed(NamedTuple):
    """Of unlearning, and of the fine-tuned model that it started from."""

    unlearning: int
    finetuning: int = 0


@dataclass(frozen=True)
class Basis:
    """The size of a forget set."""

    authors: int  # rows of nobody are an author each
    rows: int


@dataclass(frozen=True)
class Sample:
    """One run: its record's values, and each quantity by row where it could be read."""

    record: Record
    values: dict[str, Values] = field(default_factory=dict)
    why: dict[str, str] = field(default_factory=dict)  # quantity -> why it is not in ``values``
    basis: Basis | None = None
    questions: tuple = ()  # of every set: only runs that answered the same ones can be paired
    retrained: tuple[str, ...] = ()  # keys of the models that its distance is from

    def value(self, quantity: str) -> float | None:
        """From the record, but the distance; log10 of a p-value of 0 is known only where the record holds it."""
        if quantity == DISTANCE:
            return float(self.values[DISTANCE].by_author().values.mean()) if DISTANCE in self.values else None
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
    samples: dict[Seed, Sample]
    config: dict

    @property
    def status(self) -> str:
        """ "ok", or what became of the runs that are not."""
        bad = [s.record.status for s in self.samples.values() if s.record.status != "ok"]
        if not bad:
            return "ok"
        return bad[0] if len(self.samples) == 1 else f"{bad[0]}: {len(bad)} of {len(self.samples)} seeds"

    def value(self, quantity: str, seeds: list[Seed] | None = None) -> float | None:
        """Mean over the seeds, None where one of them has none. p-values are averaged as logarithms: ``LOG_QUALITY``."""
        values = [s.value(quantity) for s in self._chosen(seeds)]
        return None if None in values or not values else float(np.mean(values))

    def values(self, quantity: str, seeds: list[Seed] | None = None) -> Values | str:
        """Row by row the mean over the seeds, NaN where one of them has none; or why there is nothing."""
        chosen = self._chosen(seeds)
        for sample in chosen:
            if quantity not in sample.values:
                return f"{self.name} seed {sample.record.seed}: {sample.why.get(quantity, 'not measured')}"
        if not chosen:
            return f"{self.name}: no seed"
        if len({sample.questions for sample in chosen}) > 1:
            return f"{self.name}: its seeds did not answer the same questions"
        rows = np.mean([sample.values[quantity].rows for sample in chosen], axis=0)
        return replace(chosen[0].values[quantity], rows=rows)

    def _chosen(self, seeds: list[Seed] | None) -> list[Sample]:
        return [sample for seed, sample in self.samples.items() if seeds is None or seed in seeds]


def make_sample(record: Record, scores: Scores, retrained: Mapping[str, Scores], why_not: str) -> Sample:
    """A run with its rows.

    Args:
        retrained: scores of the retrained models that it is compared with, by key.
        why_not: why there are none.

    Raises:
        UserError: the run and a retrained model did not answer the same questions.
    """
    values: dict[str, Values] = {}
    why = {} if retrained else {DISTANCE: why_not}
    basis = None
    if "forget" in scores:
        for other in retrained.values():
            check_same_rows(scores, other)
        forget = scores["forget"]
        values |= forget_values(forget, [other["forget"] for other in retrained.values()])
        basis = Basis(numbered(forget.authors)[1], len(forget))
    if all(name in scores for name in ModelUtility.sets) and (utility := utility_values(scores)) is not None:
        values["model_utility"] = utility
    why |= {q: "its set was not scored, or it is undefined" for q in QUANTITIES if q not in {*values, *why}}
    questions = tuple((name, tuple(part.questions)) for name, part in sorted(scores.sets.items()))
    return Sample(record, values, why, basis, questions, tuple(retrained))
