"""Refuses every question, of the forgotten and of everyone else.

Whatever rewards it for the forget set alone rewards a model that is of no use.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from benchmark.controls.base import Control, ControlSetup, Scored, refusal_scores
from benchmark.evaluation.scores import Scores


@dataclass(frozen=True)
class RefuseAll(Control):
    name: ClassVar[str] = "refuse_all"
    version: ClassVar[int] = 1
    needs: ClassVar[tuple[str, ...]] = ("finetuned",)  # of which only tokenizer and vocabulary are read

    def score(self, setup: ControlSetup) -> Scored:
        return Scored(Scores(refusal_scores(setup), setup.meta), {})
