"""The yardstick on real models: how often it rejects retrained models that were held out, and which doses it finds.

A folder with many retrained models (30, say) is the urn: K of them are drawn as the yardstick, and one more, or a model
that holds forget rows, is the candidate. Draws of one urn overlap, so that a share of 300 draws is known less well than
300 independent ones would be; with 30 models its standard error is about 2 to 3 points. Reads records alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from benchmark.common.errors import UserError
from benchmark.common.kolmogorov_smirnov import ks_two_sample
from benchmark.common.statistics import named_rng
from benchmark.common.tables import Table
from benchmark.records.record import Record, load_records
from metrics.calibration.p_retrained import LEVEL, adjusted_p, p_retrained
from metrics.calibration.row_statistics import STATISTICS

MODELS = (3, 5, 9, 19)  # K
DRAWS = 300
ALL = "all three"

Rows = Mapping[str, np.ndarray]  # statistic -> [n]


def tables(
    folder: str | Path, split: str = "forget10", models: Iterable[int] = MODELS, draws: int = DRAWS
) -> list[Table]:
    """Type I error, and the share of draws in which each other model of the folder is rejected, in %.

    Raises:
        UserError: there are too few retrained models.
    """
    records = [r for r in load_records(folder) if r.split == split and r.status == "ok" and r.forget_rows]
    retrained = [rows_of(r) for r in records if r.is_retrained]
    sizes = [k for k in models if k < len(retrained)]
    if not sizes:
        raise UserError(
            f"{folder} has {len(retrained)} retrained models of {split}: this needs more than {min(models)}"
        )
    others = {r.method: rows_of(r) for r in records if r.role == "control" or r.method == "finetuned"}
    held_out = f"held-out retrained models ({len(retrained)} in the urn)"
    size = pd.DataFrame(
        [[str(k), *_shares(rejections(retrained, None, k, draws))] for k in sizes],
        columns=["K", *STATISTICS, ALL, "KS"],
    )
    found = [
        [name, str(k), *_shares(rejections(retrained, rows, k, draws))]
        for name, rows in sorted(others.items())
        for k in sizes
    ]
    return [
        Table(f"Rejected at 5 % of {held_out}, in %; KS: TOFU's test with one retrained model", size),
        Table(
            "The same of models that hold forget rows, and of controls", pd.DataFrame(found, columns=["model", *size])
        ),
    ]


def rows_of(record: Record) -> dict[str, np.ndarray]:
    """Statistic -> [n], NaN where undefined."""
    return {name: record.row_statistic(name) for name in STATISTICS}


def rejections(retrained: list[dict[str, np.ndarray]], candidate: Rows | None, models: int, draws: int) -> np.ndarray:
    """[draws, 5] whether each statistic's test, all three together, and TOFU's KS test reject.

    Args:
        candidate: None: one of the retrained models that was not drawn.
        models: K.
    """
    rng, rejected = named_rng(f"urn of {len(retrained)}, {models} drawn"), np.zeros((draws, len(STATISTICS) + 2), bool)
    for draw in range(draws):
        order = rng.permutation(len(retrained))
        chosen = [retrained[i] for i in order[:models]]
        u = retrained[order[models]] if candidate is None else candidate
        z = {name: np.stack([rows[name] for rows in chosen]) for name in STATISTICS}
        together = [p for p in adjusted_p(u, z).values() if p is not None]
        single = [p_retrained(u[name], z[name]).rejects for name in STATISTICS]
        a, b = u[STATISTICS[0]], chosen[0][STATISTICS[0]]
        ks = ks_two_sample(a[~np.isnan(a)], b[~np.isnan(b)]).pvalue <= LEVEL
        rejected[draw] = [*single, min(together, default=1.0) <= LEVEL, ks]
    return rejected


def _shares(rejected: np.ndarray) -> list[float]:
    return [float(share) for share in 100 * rejected.mean(axis=0)]
