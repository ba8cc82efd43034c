"""Choosing hyperparameters without looking at a retrained model.

A trial is one run of a method with hyperparameters of its own. What the choice reads of it, and of the fine-tuned and the
base model on the same rows (``Dataset.validation``): the gold answers' probability on the validation authors to forget,
and on retained rows that no board reports their probability and ROUGE, and the utility that these give with the real
authors and world facts. Both of these, and the validation authors, the board reports too: its distance is of all forget
authors, half of whom the choice has seen, and of the parts of utility kept those of facts have been chosen on.

* A trial qualifies if it ended ``ok`` and keeps at least 90 % of the fine-tuned model's retain probability and ROUGE, and of
  each part of its utility that says something: in which it beats random answers and which enough answers carry
  (metrics/utility_kept.py). Nothing is asked of the harmonic mean: over these parts it follows, over others it hangs on a few.
* Of those that qualify, the one is chosen whose forget probability is nearest to the base model's on a log scale, where what lies below it
  counts five times. The base model never saw the forget rows: above its level something is left, below it is damage, which
  is worse, but a little of it is better than not to forget.
* Where none qualifies, the method has no usable setting.

What other rules cost, two earlier ones among them: results/published/choosing.md.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from benchmark.common.errors import UserError
from benchmark.common.statistics import harmonic_mean
from benchmark.evaluation.scores import Scores, of_validation_authors
from benchmark.records.record import Record, load_records, record_path, scores_path
from benchmark.records.score_files import load_scores
from metrics.utility_kept import KEPT, part_means, telling_parts

ROUNDING = 1e-9  # relative: a number that equals its limit reaches it
RETAIN = "retain_validation"  # the set, scored as "retain" is
BELOW = 5.0  # how much more a distance below the base model's level counts than one above
FLOOR = 1e-12  # of a probability: logarithms are of no less
READ = ("forget", RETAIN, "real_authors", "world_facts")  # the sets that the choice reads


@dataclass(frozen=True)
class Reading:
    """What the choice reads of a model, each in [0, 1]."""

    retain_probability: float
    retain_rouge: float
    utility: float  # harmonic mean of the parts that the rows allow
    forget_probability: float  # of the validation authors
    parts: dict[str, float] = field(default_factory=dict, hash=False)  # of utility, by name
    telling: tuple[str, ...] = ()  # those whose share says something

    def kept(self, finetuned: Reading) -> float:
        """The smallest share that is left of what the fine-tuned model has."""
        pairs = [(getattr(self, n), getattr(finetuned, n)) for n in ("retain_probability", "retain_rouge")]
        pairs += [(self.parts.get(name, 0.0), finetuned.parts[name]) for name in finetuned.telling]
        return min((own / whole for own, whole in pairs if whole > 0), default=1.0)

    def keeps(self, finetuned: Reading) -> bool:
        """Whether at least ``KEPT`` of everything is left."""
        return self.kept(finetuned) >= KEPT * (1 - ROUNDING)


def read(scores: Scores) -> Reading:
    """What the choice reads of a model's scores."""
    sets = {"retain": scores[RETAIN], **{name: scores[name] for name in ("real_authors", "world_facts")}}
    # TOFU's plain rows have no wrong answers: their truth ratio is undefined for every model alike.
    parts = part_means(sets)
    forget = scores["forget"]
    probability = np.exp(-forget.answer_nll()[of_validation_authors(forget.authors)])
    return Reading(
        retain_probability=parts.get("retain_probability", 0.0),
        retain_rouge=parts.get("retain_rouge", 0.0),
        utility=float(harmonic_mean(np.array(list(parts.values())))),
        forget_probability=float(np.nanmean(probability)),
        parts=parts,
        telling=tuple(telling_parts(sets)),
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
    return min(usable, key=lambda pair: off_level(pair[1], base), default=(None, None))[0]


def off_level(reading: Reading, base: Reading, below: float = BELOW) -> float:
    """How far a forget probability is from the base model's: the ratio's logarithm, times ``below`` where it is under it."""
    ratio = math.log(max(reading.forget_probability, FLOOR) / max(base.forget_probability, FLOOR))
    return ratio if ratio >= 0 else -below * ratio


def least_harm(trials: Sequence[Trial]) -> Trial:
    """The trial that is shown where none qualifies: the one with the highest utility."""
    return max(trials, key=lambda t: -1.0 if t.reading is None else t.reading.utility)


def reading_of(folder: str | Path, record: Record) -> Reading | None:
    """What the choice reads of a run; None where it left no scores.

    Raises:
        UserError: its scores hold no validation rows.
    """
    path = scores_path(record_path(folder, record.method, record.key))
    if not path.exists():
        return None
    scores = load_scores(path, only=READ)
    if RETAIN not in scores:
        raise UserError(f"{path} holds no validation rows; run the sweep again: its trials are scored on them")
    return read(scores)


def load_trials(folder: str | Path, keys: dict[str, dict[str, float]]) -> tuple[list[Trial], Reading, Reading]:
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
