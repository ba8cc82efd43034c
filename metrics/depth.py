"""Unlearning depth: in how much of the model the fact is gone, by patching; 1 as deep as retraining, 0 intact.

The unlearning depth score of arXiv 2605.24614. For each forget row, with score(M, l) the mean log-probability of the fact's tokens in the
fine-tuned model when the output of its block l is model M's (benchmark/attacks/depth.py), and D_l(M) = score(unpatched) - score(M, l):

    depth = sum over K of D_l(retr) clip(D_l(M) / D_l(retr), 0, 1) / sum over K of D_l(retr),   K = {l: D_l(retr) > 0.05 nats},

D_l(retr) the mean over the retrained models (theirs: one model). Rows without such a block are left out and counted; mean over rows. A
retrained model itself reads below 1, since it is cut at 1 where it lies above the others' mean. Interval: authors leave one by
one, the retrained models are held fixed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from benchmark.evaluation.scores import check_same_rows
from metrics.base import NO_REFERENCES, Measurement, Metric, References, mean, mean_interval, scale_of
from metrics.calibration.attacked import AT, why_none_of

if TYPE_CHECKING:
    from benchmark.evaluation.scores import Scores

LEAST = 0.05  # nats a token that a block must matter in the retrained models
ATTACK = "depth"
UNPATCHED = f"unpatched{AT}{ATTACK}"
NO_BLOCK = f"no block's output matters by {LEAST} nats in the retrained models"


class Depth(Metric):
    name = "depth"
    version = 1
    direction = "higher"
    range = (0.0, 1.0)
    unit = "share of retraining's depth"
    reads = ("answers", "authors")
    source = "arXiv 2605.24614 (unlearning depth score)"
    sets = ("forget",)
    needs = ("retrained", "attacks")

    def measure(self, scores: Scores, references: References = NO_REFERENCES) -> dict[str, Measurement]:
        return {self.name: self._measure(scores, references)}

    def _measure(self, scores: Scores, references: References) -> Measurement:
        if reason := _why_none(scores, references):
            return self.undefined(reason)
        others = np.mean([drops(other) for other in references.retrained], axis=0)  # [L, n]
        values = depths(drops(scores), others)
        value, n = mean(values)
        without = int(np.isnan(values).sum())
        low, high, extra = mean_interval(values, scores[UNPATCHED].authors, scale_of(self.range))
        return Measurement(value, n, {NO_BLOCK: without} if without else {}, low, high, extra, version=self.version)


def depths(own: np.ndarray, retrained: np.ndarray) -> np.ndarray:
    """[n] depth of each row, NaN where no block matters, from the drops [L, n] of a model and of the retrained ones."""
    matters = retrained > LEAST
    weight = np.where(matters, retrained, 0.0)
    share = np.clip(own / np.where(matters, retrained, 1.0), 0.0, 1.0)
    total = weight.sum(axis=0)
    known = total > 0
    return np.where(known, (weight * share).sum(axis=0) / np.where(known, total, 1.0), np.nan)


def drops(scores: Scores) -> np.ndarray:
    """[L, n] nats a token of the fact that are lost when block l's output is the model's."""
    layers = _layers(scores)
    return np.stack([scores[name].answer_nll() for name in layers]) - scores[UNPATCHED].answer_nll()


def _layers(scores: Scores) -> list[str]:
    """The sets of the patched blocks, in the blocks' order."""
    count = sum(name.startswith("layer") and name.endswith(f"{AT}{ATTACK}") for name in scores.sets)
    return [f"layer{i}{AT}{ATTACK}" for i in range(count)]


def _why_none(scores: Scores, references: References) -> str:
    """Why there is no depth; empty where there is.

    Raises:
        UserError: a reference has answered other rows.
    """
    if reason := why_none_of(scores, references.retrained, UNPATCHED):
        return reason
    if not references.retrained:
        return "no retrained model"
    for other in references.retrained:
        if _layers(other) != _layers(scores):
            return "the models that it is compared with were not attacked"
        check_same_rows(scores, other, UNPATCHED)
    return ""
