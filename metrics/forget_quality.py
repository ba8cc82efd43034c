"""Forget quality: p-value that unlearned and retrained truth ratios have one distribution.

``scipy.stats.ks_2samp(R_unlearned, R_retrained).pvalue`` on the forget rows, two-sided, default method. R as
in ``truth_ratio`` (geometric).

A p-value depends on n: complete separation is 1.9e-23 at n = 40 and 1.1e-239 at n = 400, so ``extra`` has
D, n and log10 p beside it; never compare it across splits. The test also takes rows for independent that
share authors and are paired, so a high p alone does not show that a model forgot like a retrained one.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmark.common.kolmogorov_smirnov import ks_two_sample
from metrics._evaluate import Inputs, standalone
from metrics._forget_ks import ForgetKS


class ForgetQuality(ForgetKS):
    name = "forget_quality"
    version = 1
    direction = "higher"
    range = (0.0, 1.0)
    unit = "p-value"
    source = "TOFU, arXiv 2401.06121, evaluation metrics: forget quality"
    read_off = "pvalue"


def compute(predictions: list[float], references: list[float]) -> dict[str, Any]:
    """The test on plain truth ratios; rows that are None or NaN leave their sample."""
    a, b = (np.array(x, dtype=np.float64) for x in (predictions, references))
    a, b = a[~np.isnan(a)], b[~np.isnan(b)]
    if not len(a) or not len(b):
        nothing = dict.fromkeys(("forget_quality", "ks_statistic", "log10_p"))
        return nothing | {"n": len(a), "n_reference": len(b)}
    test = ks_two_sample(a, b)
    values = {"forget_quality": test.pvalue, "ks_statistic": test.statistic, "log10_p": test.log10_p}
    return values | {"n": test.n, "n_reference": test.m}


INPUTS = Inputs(
    {"predictions": "float64", "references": "float64"},
    (),
    """
Args:
    predictions: truth ratio of each forget row under the unlearned model, no unit; R or log R, finite.
    references: truth ratio of the same rows under the retrained model, in the same form.

Returns:
    forget_quality: the p-value; ks_statistic, log10_p, n, n_reference.
""",
)
Card = standalone(ForgetQuality, INPUTS, compute)
