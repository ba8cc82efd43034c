"""ROUGE-L recall of the greedy answer against the gold answer.

Longest common subsequence of stemmed words, divided by the gold answer's words; Porter stemmer on, as
``rouge_score`` computes it. An empty generated answer scores 0. A gold answer without a word (letters a-z
and digits are words to ``rouge_score``) is undefined. Aggregate: mean over rows.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from metrics._evaluate import TEXTS, standalone
from metrics.base import SetMetric

if TYPE_CHECKING:
    from benchmark.evaluation.scores import SetScores


class Rouge(SetMetric):
    name = "rouge"
    version = 1
    direction: ClassVar[dict[str, str]] = {
        "forget": "target",
        "retain": "higher",
        "real_authors": "higher",
        "world_facts": "higher",
    }
    range = (0.0, 1.0)
    unit = "recall"
    reads = ("generated", "gold")
    source = "TOFU, arXiv 2401.06121, evaluation metrics: ROUGE; Lin 2004 (ROUGE-L)"

    def per_example(self, set_name: str, rows: SetScores) -> np.ndarray:
        pairs = zip(rows.gold, rows.generated, strict=True)
        return np.array([rouge_l_recall(gold, text) for gold, text in pairs], dtype=np.float64)

    def problems(self, set_name: str, rows: SetScores) -> dict[str, np.ndarray]:
        wordless = np.array([not _scorer()[1].tokenize(gold) for gold in rows.gold], dtype=bool)
        return {"gold answer without words": wordless}


# Model utility reads the same pairs again, and every model of a board the same gold answers.
@lru_cache(maxsize=1 << 15)
def rouge_l_recall(gold: str, generated: str) -> float:
    """In [0, 1]; 0 where either text has no words."""
    return float(_scorer()[0].score(gold, generated)["rougeL"].recall)


@lru_cache(maxsize=1)
def _scorer():
    """The scorer and its tokenizer: ``rouge_score``'s own, with stems and texts remembered."""
    from nltk.stem import porter
    from rouge_score import rouge_scorer, tokenize, tokenizers

    class Stemmer:
        stem = staticmethod(lru_cache(maxsize=1 << 16)(porter.PorterStemmer().stem))

    class Tokenizer(tokenizers.Tokenizer):
        @staticmethod
        @lru_cache(maxsize=1 << 14)
        def tokenize(text: str) -> list[str]:
            return tokenize.tokenize(text, Stemmer)

    tokenizer = Tokenizer()
    return rouge_scorer.RougeScorer(["rougeL"], tokenizer=tokenizer), tokenizer


Card = standalone(Rouge, TEXTS)
