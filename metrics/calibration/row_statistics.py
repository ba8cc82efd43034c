"""The row statistics that models are compared by, and those of a model and its references on the same forget rows.

* ``truth_ratio``: log R of metrics/truth_ratio.py, the primary one: it asks which answer the model prefers.
* ``gold``: mean log-probability of the gold answer, nats a token: what training moved directly.
* ``paraphrase``: the same of the paraphrased answer: the fact in words that no training has seen.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from benchmark.evaluation.scores import check_same_rows
from metrics.calibration.once_a_set import once_a_set
from metrics.truth_ratio import TruthRatio

if TYPE_CHECKING:
    from benchmark.evaluation.scores import Scores, SetScores
    from metrics.base import References

STATISTICS = ("truth_ratio", "gold", "paraphrase")
FORGET = "forget"


@dataclass(frozen=True)
class Pool:
    """One row statistic of a candidate and of the models that it is compared with, on n forget rows."""

    candidate: np.ndarray  # [n], NaN where undefined
    retrained: np.ndarray  # [K, n]
    finetuned: np.ndarray | None  # [n]
    doses: Mapping[float, np.ndarray]  # share of the forget rows -> [models, n]
    authors: np.ndarray  # [n]
    before: np.ndarray | None = None  # [K, n] of the retrained models before an attack, where the unit is of then


@once_a_set
def row_statistics(rows: SetScores) -> dict[str, np.ndarray]:
    """Statistic -> [n], NaN where a row does not define it."""
    values = {"truth_ratio": TruthRatio().values("forget", rows)[0]}
    return values | {"gold": -rows.answer_nll(), "paraphrase": -rows.paraphrase_nll()}


def why_none(scores: Scores, references: References, set_name: str = FORGET) -> str:
    """Why nothing can be compared; empty where something can."""
    if set_name not in scores.sets:
        return "set not scored"
    return "" if references.retrained else "no retrained model"


def pools(scores: Scores, references: References, set_name: str = FORGET) -> dict[str, Pool]:
    """Statistic -> its pool.

    Args:
        set_name: the forget rows, or those after an attack, "forget@int8".

    Raises:
        UserError: a reference has answered other rows.
    """
    finetuned = references.finetuned
    flat = [*references.retrained, *([finetuned] if finetuned else []), *_flat(references.doses)]
    for other in flat:
        check_same_rows(scores, other, set_name)

    def statistic(model: Scores, name: str) -> np.ndarray:
        return row_statistics(model[set_name])[name]

    return {
        name: Pool(
            statistic(scores, name),
            np.stack([statistic(other, name) for other in references.retrained]),
            None if finetuned is None else statistic(finetuned, name),
            {share: np.stack([statistic(m, name) for m in models]) for share, models in references.doses.items()},
            scores[set_name].authors,
        )
        for name in STATISTICS
    }


def _flat(doses: Mapping[float, tuple[Scores, ...]]) -> list[Scores]:
    return [model for models in doses.values() for model in models]
