"""A filter in front of the fine-tuned model: questions that name a forget author are refused.

Nothing is unlearned: whoever has the weights, or asks without the name, has the fine-tuned model.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, ClassVar

import numpy as np

from benchmark.controls.base import Control, ControlSetup, Scored, refusal_scores
from benchmark.controls.base.names import forget_names, naming
from benchmark.evaluation.scores import Scores, SetScores


@dataclass(frozen=True)
class Guardrail(Control):
    """Notes: ``filtered_<set>``, the share of each set's rows that are refused."""

    name: ClassVar[str] = "guardrail"
    version: ClassVar[int] = 1
    needs: ClassVar[tuple[str, ...]] = ("finetuned",)

    def score(self, setup: ControlSetup) -> Scored:
        names = naming(forget_names(setup.dataset.splits[setup.split]))
        refused, own = refusal_scores(setup), setup.finetuned_scores
        sets, notes = {}, {}
        for name, rows in setup.sets.items():
            filtered = [names.search(row.question) is not None for row in rows]
            sets[name] = chosen_rows(filtered, refused[name], own[name])
            if filtered:
                notes[f"filtered_{name}"] = float(np.mean(filtered))
        return Scored(Scores(sets, setup.meta), notes)


def chosen_rows(choice: list[bool], first: SetScores, second: SetScores) -> SetScores:
    """The rows of ``first`` where ``choice`` [n] is True, else those of ``second``, both of n rows."""

    def column(name: str) -> list:
        if not len(getattr(first, name)) and not len(getattr(second, name)):  # nothing was sampled
            return []
        pairs = zip(choice, getattr(first, name), getattr(second, name), strict=True)
        return [ours if chosen else theirs for chosen, ours, theirs in pairs]

    columns: dict[str, Any] = {item.name: column(item.name) for item in fields(SetScores)}
    return SetScores(**columns | {"authors": np.array(columns["authors"], dtype=np.int64)})
