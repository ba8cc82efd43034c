"""Forget quality on the test authors, the half of the forget authors that no sweep reads.

As ``forget_quality``, on the rows of the second half of the forget authors. Hyperparameters are chosen on the
first half, the validation authors (benchmark/records/selection.py), so this number owes nothing to the choice.
On half the rows the test tells less apart: compare it with others' on the same half, not with the whole's.
Undefined where there is one author only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from benchmark.evaluation.scores import of_validation_authors
from metrics._forget_ks import ForgetKS

if TYPE_CHECKING:
    from benchmark.evaluation.scores import SetScores


class ForgetQualityTestAuthors(ForgetKS):
    name = "forget_quality_test_authors"
    version = 1
    direction = "higher"
    range = (0.0, 1.0)
    unit = "p-value"
    source = "TOFU, arXiv 2401.06121, forget quality, on the authors that the choice of hyperparameters leaves out"
    read_off = "pvalue"

    def chosen(self, rows: SetScores) -> np.ndarray:
        return ~of_validation_authors(rows.authors)
