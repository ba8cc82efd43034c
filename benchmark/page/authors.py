"""A row author by author: where its truth ratios lie beside those of the retrained models and of the fine-tuned one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from benchmark.page.rows import short
from benchmark.records.record import Record

STATISTIC = "truth_ratio"


def by_author(record: Record) -> dict[int, float]:
    """Author -> mean log truth ratio over its forget rows with a finite one; {} where the record holds none."""
    if STATISTIC not in record.forget_rows or "author" not in record.forget_rows:
        return {}
    values, authors = record.row_statistic(STATISTIC), np.array(record.forget_rows["author"], dtype=np.int64)
    finite = np.isfinite(values)
    return {int(a): float(values[finite & (authors == a)].mean()) for a in np.unique(authors[finite])}


def author_rows(own: Iterable[Record], retrained: list[Record], finetuned: Record | None) -> list[dict[str, Any]]:
    """A line an author: the row's mean over its runs, the retrained models' mean and range, the fine-tuned model's value.

    Args:
        own: the row's records.
        retrained: those that it was compared with; [] where they are not there, and nothing is given then.
    """
    runs, yard = [by_author(r) for r in own], [by_author(r) for r in retrained]
    before = by_author(finetuned) if finetuned is not None else {}
    if not runs or not yard:
        return []
    shared = set.intersection(*(set(values) for values in [*runs, *yard]))
    return [
        {
            "author": author,
            "value": short(float(np.mean([values[author] for values in runs])), 4),
            "low": short(min(values[author] for values in yard), 4),
            "high": short(max(values[author] for values in yard), 4),
            "finetuned": short(before[author], 4) if author in before else None,
        }
        for author in sorted(shared)
    ]
