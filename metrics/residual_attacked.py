"""Residual after an attack: the share of what fine-tuning did to the forget rows that a pushed model shows.

``residual_<attack>`` is ``residual`` of the attacked model between the retrained and the fine-tuned models after the same
attack, by log truth ratio: an attack that moves all models alike changes nothing. ``residual_worst`` is the largest of them and of
the residual without an attack, of ``leak_asked`` (metrics/probe_leak.py) and of ``residual_sampled`` (metrics/fact_leak.py), which have
the same unit: what is hidden rather than gone. Interval as there; that of the worst is the attack's own, which a choice of
the largest makes a little too high. Its ``extra`` holds the attack and the authors' parts (metrics/calibration/author_parts.py),
by which rows are ranked.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from metrics.base import NO_REFERENCES, Measurement, Metric, References
from metrics.calibration.attacked import KNOWN, attacked_set, labels, why_not
from metrics.calibration.author_parts import Sides, author_parts
from metrics.calibration.residual import sides
from metrics.calibration.row_statistics import FORGET, STATISTICS, pools, why_none
from metrics.fact_leak import FactLeak, sampled_sides
from metrics.probe_leak import ProbeLeak, asked_sides
from metrics.residual import ResidualKnowledge

if TYPE_CHECKING:
    from benchmark.evaluation.scores import Scores


class ResidualAttacked(Metric):
    name = "residual_attacked"
    version = 3  # 2: the worst of asking otherwise and of sampling, too; 3: the worst's parts by author
    direction = "target"
    range = (-float("inf"), float("inf"))
    unit = "share of fine-tuning's effect"
    reads = ("answers", "paraphrases", "wrong", "authors")
    source = "this project, docs/calibration.md; quantisation: arXiv 2410.16454"
    sets = ("forget",)
    needs = ("retrained", "finetuned", "attacks")

    def columns(self) -> dict[str, str]:
        return {f"residual_{label}": str(self.direction) for label in (*KNOWN, "worst")}

    def measure(self, scores: Scores, references: References = NO_REFERENCES) -> dict[str, Measurement]:
        made = {f"residual_{label}": self._after(scores, references, label) for label in labels(scores)}
        plain = self._of_set(scores, references, FORGET)
        asked = ProbeLeak().measure(scores, references)["leak_asked"]
        sampled = FactLeak().measure(scores, references)["residual_sampled"]
        others = {"no attack": plain, "asked": asked, "sampled": sampled}
        return made | {"residual_worst": self._worst(others | made, scores, references)}

    def _after(self, scores: Scores, references: References, label: str) -> Measurement:
        if reason := why_not(scores, references, label):
            return self.undefined(reason)
        return self._of_set(scores, references, attacked_set(label))

    def _of_set(self, scores: Scores, references: References, set_name: str) -> Measurement:
        undosed = References(references.retrained, references.finetuned)  # doses need not have been attacked
        if reason := why_none(scores, undosed, set_name):
            return self.undefined(reason)
        own = ResidualKnowledge().of_pool(pools(scores, undosed, set_name)[STATISTICS[0]])
        return replace(own, version=self.version)

    def _worst(self, made: dict[str, Measurement], scores: Scores, references: References) -> Measurement:
        """The largest; undefined where there was no attack at all."""
        known = {name: m for name, m in made.items() if m.value is not None}
        if known.keys() <= {"no attack"}:
            return self.undefined(
                next(iter(next(m for name, m in made.items() if name.startswith("residual")).undefined))
            )
        name = max(known, key=lambda name: known[name].value or 0.0)
        worst = known[name]
        attack = name.removeprefix("residual_")
        extra = worst.extra | {"attack": attack} | author_parts(_sides(scores, references, attack))
        return replace(worst, undefined={}, extra=extra, version=self.version)


def _sides(scores: Scores, references: References, attack: str) -> Sides:
    """Numerator and denominator of the residual under an attack, row by row, where it is defined."""
    if attack == "asked":
        return asked_sides(scores, references)
    if attack == "sampled":
        return sampled_sides(scores, references)
    undosed = References(references.retrained, references.finetuned)  # doses need not have been attacked
    own = pools(scores, undosed, FORGET if attack == "no attack" else attacked_set(attack))[STATISTICS[0]]
    assert own.finetuned is not None  # the residual has a value
    return sides(own.candidate, own.retrained, own.finetuned, own.authors)
