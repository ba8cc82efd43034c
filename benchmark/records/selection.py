"""Choosing hyperparameters without looking at a retrained model, or at a row that decides the board.

A trial is one run of a method with hyperparameters of its own. What the choice reads of it, and of the fine-tuned and the
base model on the same rows (``Dataset.validation``): the gold answers' probability on the validation authors to forget,
and on retained rows that no board reports their probability and ROUGE, and the utility that these give with the real
authors and world facts.

* A trial qualifies if it ended ``ok`` and keeps at least 90 % of the fine-tuned model's retain probability, retain ROUGE
  and utility.
* Of those that qualify, the gentlest is chosen whose forget probability is at or below the base model's: the nearest to
  the fine-tuned model in retain probability. The base model never saw the forget rows, so pushing further than it rewards
  damage. Where none gets there, the one with the lowest forget probability.
* Where none qualifies, the method has no usable setting.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from benchmark.common.errors import UserError
from benchmark.common.statistics import harmonic_mean
from benchmark.evaluation.scores import Scores, of_validation_authors
from benchmark.records.record import Record, load_records, record_path, scores_path
from benchmark.records.score_files import load_scores
from metrics.model_utility import ModelUtility

KEPT = 0.9  # of the fine-tuned model's retain probability, retain ROUGE and utility
ROUNDING = 1e-9  # relative: a number that equals its limit reaches it
RETAIN = "retain_validation"  # the set, scored as "retain" is


@dataclass(frozen=True)
class Reading:
    """What the choice reads of a model, each in [0, 1]."""

    retain_probability: float
    retain_rouge: float
    utility: float  # harmonic mean of the parts that the rows allow
    forget_probability: float  # of the validation authors

    def keeps(self, finetuned: Reading, share: float = KEPT) -> bool:
        """Whether at least that share of the fine-tuned model's three numbers is left."""
        kept = ("retain_probability", "retain_rouge", "utility")
        return all(getattr(self, name) >= share * getattr(finetuned, name) * (1 - ROUNDING) for name in kept)


def read(scores: Scores) -> Reading:
    """What the choice reads of a model's scores."""
    sets = {"retain": scores[RETAIN], **{name: scores[name] for name in ("real_authors", "world_facts")}}
    parts = {
        f"{name}_{part.name}": float(np.nanmean(values)) if not np.isnan(values).all() else None
        for name, rows in sets.items()
        for part in ModelUtility.parts
        for values in [part.transform(name, part.values(name, rows)[0])]
    }
    forget = scores["forget"]
    probability = np.exp(-forget.answer_nll()[of_validation_authors(forget.authors)])
    return Reading(
        retain_probability=parts["retain_probability"] or 0.0,
        retain_rouge=parts["retain_rouge"] or 0.0,
        # TOFU's plain rows have no wrong answers: their truth ratio is undefined for every model alike.
        utility=float(harmonic_mean(np.array([value for value in parts.values() if value is not None]))),
        forget_probability=float(np.nanmean(probability)),
    )


@dataclass(frozen=True)
class Trial:
    """One run of a method with these hyperparameters. ``reading`` is None where nothing could be scored."""

    method: str
    split: str
    changes: dict[str, float] = field(hash=False)  # "lr" or another key of [training], or a field of the method
    status: str
    reading: Reading | None
    minutes: float = 0.0
    key: str = ""

    def qualifies(self, finetuned: Reading) -> bool:
        return self.status == "ok" and self.reading is not None and self.reading.keeps(finetuned)


def choose(trials: Iterable[Trial], finetuned: Reading, base: Reading) -> Trial | None:
    """The rule, on the trials of one method; None where none qualifies."""
    usable = [(t, t.reading) for t in trials if t.reading is not None and t.qualifies(finetuned)]
    if not usable:
        return None
    limit = base.forget_probability * (1 + ROUNDING)
    reached = [(t, r) for t, r in usable if r.forget_probability <= limit]
    if reached:
        return min(reached, key=lambda pair: abs(pair[1].retain_probability - finetuned.retain_probability))[0]
    return min(usable, key=lambda pair: pair[1].forget_probability)[0]


def least_harm(trials: Sequence[Trial]) -> Trial:
    """The trial that is shown where none qualifies: the one with the highest utility."""
    return max(trials, key=lambda t: -1.0 if t.reading is None else t.reading.utility)


def reading_of(folder: Path, record: Record) -> Reading | None:
    """What the choice reads of a run; None where it left no scores.

    Raises:
        UserError: its scores hold no validation rows.
    """
    path = scores_path(record_path(folder, record.method, record.key))
    if not path.exists():
        return None
    scores = load_scores(path)
    if RETAIN not in scores:
        raise UserError(f"{path} holds no validation rows; run the sweep again: its trials are scored on them")
    return read(scores)


def load_trials(folder: Path, keys: dict[str, dict[str, float]]) -> tuple[list[Trial], Reading, Reading]:
    """The trials of a sweep's folder, and what the choice reads of the fine-tuned and the base model.

    Args:
        keys: of the records that count -> what they changed; those of the two models change nothing.

    Raises:
        UserError: the fine-tuned or the base model is not there.
    """
    records = [record for record in load_records(folder) if record.key in keys]
    models = {r.method: reading_of(folder, r) for r in records if r.method in ("finetuned", "base")}
    for name in ("finetuned", "base"):
        if models.get(name) is None:
            raise UserError(f"{folder} has no scored {name} row, which the choice compares with")
    trials = [
        Trial(
            method=record.method,
            split=record.split,
            changes=keys[record.key],
            status=record.status,
            reading=reading_of(folder, record),
            minutes=record.seconds.get("total", 0.0) / 60,
            key=record.key,
        )
        for record in records
        if record.method not in models
    ]
    return trials, models["finetuned"], models["base"]
