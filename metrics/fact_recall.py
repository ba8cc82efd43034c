"""Fact recall: does the generated answer contain the fact that the gold answer states, whatever the wording?

1 where the row's key fact (a date, a name, a title) stands in the greedy answer as whole words, else 0.
Both are compared in lower case (Unicode case folding, NFKC), every run of punctuation and white space being
one space. Rows whose dataset does not know their fact, and rows whose question already states it, are
undefined. Aggregate: mean.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from metrics.base import SetMetric

if TYPE_CHECKING:
    from benchmark.evaluation.scores import SetScores


class FactRecall(SetMetric):
    name = "fact_recall"
    version = 1
    direction: ClassVar[dict[str, str]] = {
        "forget": "target",
        "retain": "higher",
        "real_authors": "higher",
        "world_facts": "higher",
    }
    range = (0.0, 1.0)
    unit = "share of rows"
    reads = ("generated", "values", "questions")
    source = "this benchmark"

    def per_example(self, set_name: str, rows: SetScores) -> np.ndarray:
        pairs = zip(rows.generated, _facts(rows), strict=True)
        recalled = [float(contains(text, fact)) if fact else np.nan for text, fact in pairs]
        return np.array(recalled, dtype=np.float64)

    def problems(self, set_name: str, rows: SetScores) -> dict[str, np.ndarray]:
        facts = _facts(rows)
        asked = [bool(f) and contains(q, f) for q, f in zip(rows.questions, facts, strict=True)]
        return {
            "no known fact": np.array([f is None for f in facts], dtype=bool),
            "fact without words": np.array([f is not None and not normalized(f) for f in facts], dtype=bool),
            "the question states the fact": np.array(asked, dtype=bool),
        }


def _facts(rows: SetScores) -> list[str | None]:
    return list(rows.values) or [None] * len(rows)


def contains(text: str, fact: str) -> bool:
    """Whether the words of ``fact`` stand in ``text``, in order and side by side; False for no words."""
    words = normalized(fact)
    return bool(words) and f" {words} " in f" {normalized(text)} "


@lru_cache(maxsize=1 << 14)
def normalized(text: str) -> str:
    """Words in case-folded NFKC, one space between them; punctuation is white space."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    spaced = "".join(" " if unicodedata.category(c).startswith("P") else c for c in folded)
    return " ".join(spaced.split())
