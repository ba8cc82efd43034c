"""Relearning: what comes back on the way through a few steps of fine-tuning, beside retrained models trained alike.

With z_k the mean log-probability of the gold answer, nats a token, on the forget rows that were not trained on, after k steps:

    excess_k = (z_k - mean z_k of the retrained) / (z_0 of the fine-tuned - mean z_0 of the retrained),

so what training teaches every model is no excess, and 1 is all that fine-tuning had taught. ``relearn_excess_end_<rows>`` is it at the last
step, ``relearn_excess_max_<rows>`` the largest after a step or more; ``<rows>`` is what was trained on (benchmark/attacks/relearn.py).
``relearn_half_steps_<rows>`` is the first scored step with an excess of a half or more: 0 where half was never gone, undefined
("not within 16 steps") where it does not come. Interval as that of the residual; that of the largest is its step's own, which
the choice makes a little too low. ``extra`` of the end holds the curve: nats_k, excess_k.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from benchmark.evaluation.scores import check_same_rows
from metrics.base import NO_REFERENCES, Measurement, Metric, References
from metrics.calibration.attacked import AT, KNOWN, by_step, labels, matching, why_not
from metrics.calibration.row_statistics import FORGET, Pool
from metrics.residual import ResidualKnowledge

if TYPE_CHECKING:
    from benchmark.evaluation.scores import Scores, SetScores

RELEARN = "relearn_"
NUMBERS = {"excess_end": "target", "excess_max": "target", "half_steps": "higher"}  # with their directions
HALF = 0.5
Curve = dict[int, np.ndarray]  # step -> [n] log-probability of the gold answer, nats a token


class Relearning(Metric):
    name = "relearning"
    version = 1
    direction = "target"
    range = (-float("inf"), float("inf"))
    unit = "share of fine-tuning's effect; steps"
    reads = ("answers", "authors")
    source = "this project; maximum over steps: arXiv 2602.03379; retrained models attacked alike: arXiv 2605.24614"
    sets = ("forget",)
    needs = ("retrained", "finetuned", "attacks")

    def columns(self) -> dict[str, str]:
        return {_column(n, label): way for label in KNOWN if label.startswith(RELEARN) for n, way in NUMBERS.items()}

    def measure(self, scores: Scores, references: References = NO_REFERENCES) -> dict[str, Measurement]:
        known = [label for label in labels(scores) if label.startswith(RELEARN) or by_step(scores, label)]
        made: dict[str, Measurement] = {}
        for label in known:
            own = self._of_attack(scores, references, label)
            made |= {_column(name, label): replace(m, version=self.version) for name, m in own.items()}
        return made

    def _of_attack(self, scores: Scores, references: References, label: str) -> dict[str, Measurement]:
        """Measurement by the column's name."""
        curve = _curve(scores, label)
        nats: dict[str, float | str] = {
            f"nats_{step}": float(z.mean()) for step, z in curve.items() if np.isfinite(z).all()
        }
        if reason := _why_none(scores, references, label):
            return dict.fromkeys(NUMBERS, self.undefined(reason)) | {"excess_end": self.undefined(reason, extra=nats)}
        excess = self._excess(scores, references, label)
        values = {step: m.value for step, m in excess.items() if m.value is not None}
        last = max(excess)
        if last not in values:
            return dict.fromkeys(NUMBERS, excess[last]) | {"excess_end": replace(excess[last], extra=nats)}
        most = max((step for step in values if step), key=lambda step: values[step])
        end = replace(excess[last], extra=excess[last].extra | nats | {f"excess_{k}": v for k, v in values.items()})
        largest = replace(excess[most], extra=excess[most].extra | {"at_step": float(most)})
        return {"excess_end": end, "excess_max": largest, "half_steps": self._half(values, end.n)}

    def _excess(self, scores: Scores, references: References, label: str) -> dict[int, Measurement]:
        """Step -> the excess over the retrained models, with its interval."""
        own, finetuned = _curve(scores, label), references.finetuned
        others = [_curve(other, label) for other in references.retrained]
        before = np.stack([other[0] for other in others])
        authors = next(iter(by_step(scores, label).values())).authors
        whole = None if finetuned is None else _curve(finetuned, label)[0]
        return {
            step: ResidualKnowledge().of_pool(
                Pool(z, np.stack([other[step] for other in others]), whole, {}, authors, before)
            )
            for step, z in own.items()
        }

    def _half(self, values: dict[int, float], rows: int) -> Measurement:
        back = next((step for step, value in values.items() if value >= HALF), None)
        if back is None:
            return self.undefined(f"not within {max(values)} steps")
        return Measurement(float(back), rows, extra={"interval": "none: a number of steps"})


def _column(name: str, label: str) -> str:
    return f"relearn_{name}_{label.removeprefix(RELEARN)}"


def _curve(scores: Scores, label: str) -> Curve:
    """The attack's scored steps, and step 0 from the run's own scores of the same rows; {} where it has none."""
    steps = by_step(scores, label)
    if not steps or FORGET not in scores:
        return {}

    def gold(rows: SetScores) -> np.ndarray:
        return -rows.answer_nll()

    own = scores[FORGET]
    return {0: gold(own)[matching(own, next(iter(steps.values())))]} | {
        step: gold(rows) for step, rows in steps.items()
    }


def _why_none(scores: Scores, references: References, label: str) -> str:
    """Why there is no excess; empty where there is.

    Raises:
        UserError: a reference has answered other rows.
    """
    if reason := why_not(scores, references, label):
        return reason
    steps = by_step(scores, label)
    if not steps:
        return "not scored along the way"
    if not references.retrained:
        return "no retrained model"
    for other in (*references.retrained, *([references.finetuned] if references.finetuned else [])):
        if by_step(other, label).keys() != steps.keys():
            return "the models that it is compared with were not scored at the same steps"
        check_same_rows(scores, other)
        check_same_rows(scores, other, f"step{max(steps)}{AT}{label}")
    return ""
