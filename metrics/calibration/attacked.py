"""What the metrics of attacked models share: which attacks a run has scores of, and why it has none.

An attack's scores stand beside a run's own as sets with its label behind an "@", "forget@int8"; reasons of attacks that
failed are in the scores' meta (benchmark/attacks/base/attack.py).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from benchmark.evaluation.scores import check_same_rows
from metrics.calibration.row_statistics import FORGET

if TYPE_CHECKING:
    from benchmark.evaluation.scores import Scores, SetScores
    from metrics.base import References

# The project's attacks: their columns are always there, those of other attacks where they were made.
KNOWN = ("int8", "nf4", "relearn_forget", "relearn_retain", "relearn_same_form")
OTHERS = (
    "ask",
    "sample",
    "depth",
)  # the project's attacks without scores of the forget rows, with columns of their own
AT = "@"  # between a set's name and the attack's label
STEP = re.compile(rf"step(\d+){AT}(.+)")  # a set of an attack that is scored on the way
ATTACK_FAILED = "the attack failed: "  # begins the reason of a column that it leaves without a value
FAILED = "attacks_failed"  # in ``Scores.meta``: label of an attack -> why it has no scores


def attacked_set(label: str) -> str:
    """The set of the forget rows after an attack."""
    return f"{FORGET}{AT}{label}"


SAMPLES = f"samples{AT}sample"  # the sampled answers to the forget questions


def ask_set(kind: str) -> str:
    """The set of a kind of probes."""
    return f"{kind}{AT}ask"


def labels(scores: Scores) -> list[str]:
    """The project's attacks, and the others that a run has scores of, or that failed."""
    own = [name.removeprefix(FORGET + AT) for name in scores.sets if name.startswith(FORGET + AT)]
    failed = [label for label in scores.meta.get(FAILED) or {} if label not in OTHERS]
    return list(dict.fromkeys([*KNOWN, *own, *failed]))


def by_step(scores: Scores, label: str) -> dict[int, SetScores]:
    """Optimiser step -> the rows' scores after it, in the order of the steps, of an attack that trains; {} of another."""
    named = {name: STEP.fullmatch(name) for name in scores.sets}
    steps = {int(match[1]): name for name, match in named.items() if match and match[2] == label}
    return {step: scores[steps[step]] for step in sorted(steps)}


def matching(rows: SetScores, some: SetScores) -> np.ndarray:
    """[m] the places among [n] rows of each of some of them, by question and gold answer."""
    places = {pair: i for i, pair in enumerate(zip(rows.questions, rows.gold, strict=True))}
    return np.array([places[pair] for pair in zip(some.questions, some.gold, strict=True)], dtype=np.int64)


def why_not(scores: Scores, references: References, label: str) -> str:
    """Why a run or its references have no scores of the forget rows after an attack; empty if they have."""
    others = [*references.retrained, *([references.finetuned] if references.finetuned else [])]
    return why_none_of(scores, others, attacked_set(label))


def why_not_made(scores: Scores, references: References, name: str) -> str:
    """Why an attack's set cannot be compared with the retrained and the fine-tuned models'; empty if it can.

    Raises:
        UserError: a reference has answered other rows.
    """
    if not references.retrained:
        return "no retrained model"
    if references.finetuned is None:
        return "no fine-tuned reference"
    others = [*references.retrained, references.finetuned]
    if reason := why_none_of(scores, others, name):
        return reason
    for other in others:
        check_same_rows(scores, other, name)
    return ""


def why_none_of(scores: Scores, others: Sequence[Scores], name: str) -> str:
    """Why a run, or the models that it is compared with, have no set of that name of an attack; empty if they have."""
    if failed := (scores.meta.get(FAILED) or {}).get(name.partition(AT)[2]):
        return f"{ATTACK_FAILED}{failed}"
    if name not in scores.sets:
        return "not attacked"
    if not all(name in other.sets for other in others):
        return "the models that it is compared with were not attacked"
    return ""
