"""Leaks when asked otherwise: the share of facts that a model finds likeliest under questions never trained on.

A probe is a gold answer and wrong ones that differ by the fact alone (benchmark/data/probes.py); a model answers it where the
gold one has the highest probability per token. A probe counts ("admitted") if the fine-tuned model answers it and fewer than half of the
retrained models do. On those, with s the model's share and r the retrained models' mean one,

    leak = (s - r) / (1 - r):

0 as retrained, 1 as never unlearned, the unit of ``residual``. ``leak_asked`` takes the probes of all kinds together,
``leak_asked_worst`` is the kind with the highest leak, which a choice of the largest makes a little too high. Fewer than 10
admitted probes: undefined. ``partner_kept``: of the retained questions that stand before a forget question in one prompt and
that the fine-tuned model answers there, the share that this one does. Interval: forget authors leave one by one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from metrics.base import NO_REFERENCES, Measurement, Metric, References, sides_interval
from metrics.calibration.attacked import ask_set, why_not_made
from metrics.calibration.author_parts import Sides
from metrics.calibration.once_a_set import once_a_set

if TYPE_CHECKING:
    from benchmark.evaluation.scores import Scores, SetScores

KINDS = ("reversed", "alias", "two_hop", "choice", "prefill", "paired")
LEAST = 10  # admitted probes


class ProbeLeak(Metric):
    name = "probe_leak"
    version = 1
    direction = "target"
    range = (-float("inf"), 1.0)
    unit = "share of fine-tuning's effect"
    reads = ("answers", "wrong", "authors")
    source = "this project; probes after arXiv 2603.11266, 2410.02879 and 2506.12618"
    sets = ("forget",)
    needs = ("retrained", "finetuned", "attacks")

    def columns(self) -> dict[str, str]:
        leaks = [f"leak_{kind}" for kind in KINDS] + ["leak_asked", "leak_asked_worst"]
        return {column: str(self.direction) for column in leaks} | {"partner_kept": "higher"}

    def measure(self, scores: Scores, references: References = NO_REFERENCES) -> dict[str, Measurement]:
        made = {f"leak_{kind}": self._leak([kind], scores, references) for kind in KINDS}
        known = {column: m for column, m in made.items() if m.value is not None}
        pooled = self._leak(KINDS, scores, references)
        made |= {"leak_asked": pooled, "leak_asked_worst": pooled, "partner_kept": self._partner(scores, references)}
        if known:
            column = max(known, key=lambda column: known[column].value or 0.0)
            worst, kind = known[column], column.removeprefix("leak_")
            made["leak_asked_worst"] = replace(worst, extra=worst.extra | {"kind": kind})
        return made

    def _leak(self, kinds: Sequence[str], scores: Scores, references: References) -> Measurement:
        asked = [kind for kind in kinds if ask_set(kind) in scores.sets] or list(kinds[:1])
        for kind in asked:
            if reason := why_not_made(scores, references, ask_set(kind)):
                return self.undefined(reason)
        own, retrained, authors, probes = _admitted(asked, scores, references)
        if (count := len(own)) < LEAST:
            return self.undefined(f"only {count} of {probes} probes admitted")

        def leak(stay: Mapping[str, np.ndarray]) -> float:
            kept = stay["probes"]
            return float((own[kept] - retrained[kept]).mean() / (1 - retrained[kept].mean()))

        low, high, extra = sides_interval(leak, {"probes": authors}, "identity")
        extra |= {"probes": float(probes), "answered": float(own.mean()), "retrained": float(retrained.mean())}
        value = leak({"probes": np.ones(count, dtype=bool)})
        return Measurement(value, count, {}, low, high, extra, version=self.version)

    def _partner(self, scores: Scores, references: References) -> Measurement:
        name = ask_set("partner")
        if reason := why_not_made(scores, references, name):
            return self.undefined(reason)
        assert references.finetuned is not None  # why_not_made
        admitted = answered(references.finetuned[name]) == 1
        if (count := int(admitted.sum())) < LEAST:
            return self.undefined(f"only {count} of {len(admitted)} probes admitted")
        own = answered(scores[name])[admitted]
        authors = {"probes": scores[name].authors[admitted]}
        low, high, extra = sides_interval(lambda stay: float(own[stay["probes"]].mean()), authors, "logit")
        return Measurement(float(own.mean()), count, {}, low, high, extra, version=self.version)


def asked_sides(scores: Scores, references: References) -> Sides:
    """Numerator and denominator of ``leak_asked``, probe by probe, where it is defined."""
    asked = [kind for kind in KINDS if ask_set(kind) in scores.sets]
    own, retrained, authors, _ = _admitted(asked, scores, references)
    return Sides(own - retrained, 1 - retrained, authors)


def _admitted(
    asked: Sequence[str], scores: Scores, references: References
) -> tuple[np.ndarray, np.ndarray, np.ndarray, int]:
    """Of the admitted probes [n] the model's answers, the retrained models' mean and authors; and how many there are in all."""
    own, finetuned = _of_kinds(scores, asked), _of_kinds(references.finetuned, asked)
    retrained = np.mean([_of_kinds(other, asked) for other in references.retrained], axis=0)
    admitted = (finetuned == 1) & (retrained < 0.5)
    authors = np.concatenate([scores[ask_set(kind)].authors for kind in asked])
    return own[admitted], retrained[admitted], authors[admitted], len(own)


def _of_kinds(scores: Scores | None, kinds: Sequence[str]) -> np.ndarray:
    assert scores is not None
    return np.concatenate([answered(scores[ask_set(kind)]) for kind in kinds])


@once_a_set
def answered(rows: SetScores) -> np.ndarray:
    """[n] 1 where the gold answer is likelier per token than every wrong one, else 0; 0 for a row without wrong ones."""
    wrong = rows.wrong_nll()
    if wrong.shape[1] == 0:
        return np.zeros(len(rows))
    least = np.where(np.isnan(wrong), np.inf, wrong).min(axis=1)
    return (np.isfinite(least) & (rows.answer_nll() < least)).astype(np.float64)
