"""Replica: OpenUnlearning's min_k_plus_plus attack, which leaves the closing EOS out.

Differs from ``mia_min_k_plus_plus``: the lowest 40 % are taken among the answer's tokens without its
closing EOS.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from metrics._tokens import lowest_mean, no_content, standardized
from metrics.mia_min_k_plus_plus import MiaMinKPlusPlus

if TYPE_CHECKING:
    from benchmark.evaluation.scores import SetScores


class MiaMinKPlusPlusOpenUnlearning(MiaMinKPlusPlus):
    name = "mia_min_k_plus_plus_openunlearning"
    version = 1
    source = "OpenUnlearning, arXiv 2506.12618, its code as of 2025"
    replica = True

    def losses(self, rows: SetScores, reference: SetScores | None) -> np.ndarray:
        losses = [-lowest_mean(standardized(answer)[:-1]) for answer in rows.answers]
        return np.array(losses, dtype=np.float64)

    def problems(self, rows: SetScores) -> dict[str, np.ndarray]:
        empty = {"gold answer without tokens before its EOS": no_content(rows.answers)}
        return super().problems(rows) | empty
