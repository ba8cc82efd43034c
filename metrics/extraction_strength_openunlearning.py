"""Replica: OpenUnlearning's extraction strength, whose search stops one token early.

Differs from ``extraction_strength``: an answer whose last token is wrong gets 1 / L instead of 0, since the
loop over prefixes ends at L - 1; L counts the tokens without the closing EOS in both.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from metrics._tokens import content_is_greedy
from metrics.extraction_strength import ExtractionStrength, strength

if TYPE_CHECKING:
    from benchmark.evaluation.scores import SetScores


class ExtractionStrengthOpenUnlearning(ExtractionStrength):
    name = "extraction_strength_openunlearning"
    version = 1
    source = "OpenUnlearning, arXiv 2506.12618, its code as of 2025"
    replica = True

    def per_example(self, set_name: str, rows: SetScores) -> np.ndarray:
        flags = [content_is_greedy(answer) for answer in rows.answers]
        return np.array([max(strength(f), 1 / len(f)) if len(f) else np.nan for f in flags], dtype=np.float64)
