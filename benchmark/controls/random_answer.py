"""Answers about someone else: on the forget set the fine-tuned model is asked about a retained author instead.

It is fluent, it says what it was trained to say, and none of it is about the author in question. All other sets are the
fine-tuned model's.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from benchmark.controls.base import Control, ControlSetup, Scored
from benchmark.controls.base.counterparts import counterparts
from benchmark.evaluation.scores import Scores


@dataclass(frozen=True)
class RandomAnswer(Control):
    """Gold, paraphrased and wrong answers stay the forget row's; they are read after the other author's question.

    Notes: ``asks_the_same``, the share of forget rows whose counterpart is known to ask for the same thing.
    """

    name: ClassVar[str] = "random_answer"
    version: ClassVar[int] = 1
    needs: ClassVar[tuple[str, ...]] = ("finetuned",)

    def score(self, setup: ControlSetup) -> Scored:
        known, rows = counterparts(setup.dataset.splits[setup.split]), setup.sets["forget"]
        others = [known[row.question, row.answer] for row in rows]
        asked = [replace(row, question=other.question) for row, other in zip(rows, others, strict=True)]
        forget = setup.score_model(setup.finetuned, {"forget": asked})["forget"]
        # Metrics compare models row by row, and know a row by its question.
        forget = replace(forget, questions=[row.question for row in rows])
        notes = {"asks_the_same": float(np.mean([other.asks_the_same for other in others]))}
        return Scored(Scores(setup.finetuned_scores.sets | {"forget": forget}, setup.meta), notes)
