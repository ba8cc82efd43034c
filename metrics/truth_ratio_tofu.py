"""Replica: truth ratio with the arithmetic mean over the wrong answers, as TOFU's paper defines it.

Differs from ``truth_ratio``: R = mean_j exp(-nll(wrong_j)) / exp(-nll(correct)), where TOFU's published
logs and its followers' code average the nlls, which is the geometric mean. On the authors' own logs of the
fine-tuned Llama-2-7b the two give model utility 0.5859 and 0.6227. Log R is computed without leaving log
space.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from metrics.truth_ratio import TruthRatio, correct_answers

if TYPE_CHECKING:
    from benchmark.evaluation.scores import SetScores


class TruthRatioTofu(TruthRatio):
    name = "truth_ratio_tofu"
    version = 1
    source = "TOFU, arXiv 2401.06121, equation of the truth ratio (arithmetic mean)"
    replica = True

    def per_example(self, set_name: str, rows: SetScores) -> np.ndarray:
        """[n] log R."""
        _, _, correct = correct_answers(set_name, rows)
        wrong = -rows.wrong_nll()  # [n, W] log p
        counts = np.array([len(row) for row in rows.wrong], dtype=np.float64)
        wrong = np.where(np.isnan(wrong), -np.inf, wrong)  # padding: no mass there
        with np.errstate(invalid="ignore", divide="ignore"):
            return correct + np.logaddexp.reduce(wrong, axis=1) - np.log(counts)
