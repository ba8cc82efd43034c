"""Gives everyone's answers in capitals: it knows all that the fine-tuned model knows, and looks forgetful to exact matches."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from benchmark.controls.base import Control, ControlSetup, Scored
from benchmark.evaluation.scores import Scores


@dataclass(frozen=True)
class MyControl(Control):
    name: ClassVar[str] = "my_control"  # the file's, and the row's
    version: ClassVar[int] = 1  # raised when the same models would give other scores
    needs: ClassVar[tuple[str, ...]] = ("finetuned",)  # or ("finetuned", "retrained")

    def score(self, setup: ControlSetup) -> Scored:
        known = setup.finetuned_scores.sets
        sets = {
            name: replace(rows, generated=[text.upper() for text in rows.generated]) for name, rows in known.items()
        }
        return Scored(Scores(sets, setup.meta), {})  # the notes are numbers that a reader of the record should know
