"""Who is better than whom on a board: ranks of the rows that take part, split by split, from what their records hold."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from benchmark.leaderboard.entries import METHODS, Entry
from benchmark.records.record import Record
from metrics.calibration.errors import board_errors
from metrics.calibration.ranks import Rank, rank_rows

STATISTIC = "truth_ratio"  # that boards are ordered by


def with_ranks(entries: Sequence[Entry], records: Sequence[Record]) -> list[Entry]:
    """The entries, each with its rank among the methods of its split that take part."""
    by_key = {(record.method, record.key): record for record in records}
    ranks: dict[tuple[str, str], Rank] = {}
    for split in dict.fromkeys(entry.split for entry in entries):
        sound = [e for e in entries if e.split == split and _takes_part(e)]
        ranks |= {(split, name): rank for name, rank in _ranks(sound, by_key).items()}
    return [
        replace(entry, rank=ranks.get((entry.split, entry.method)) if _takes_part(entry) else None) for entry in entries
    ]


def told_apart(entries: Sequence[Entry]) -> dict[str, tuple[int, int]]:
    """Split -> pairs of ranked rows that a test tells apart, and all pairs."""
    counts = {}
    for split in dict.fromkeys(entry.split for entry in entries):
        ranks = [e.rank for e in entries if e.split == split and e.rank is not None and e.rank.low is not None]
        if ranks:
            counts[split] = (sum(len(rank.worse) for rank in ranks), len(ranks) * (len(ranks) - 1) // 2)
    return counts


def _takes_part(entry: Entry) -> bool:
    """Imported rows do not: a run of the same name may stand beside them, and their models are not the board's."""
    return entry.is_sound and entry.block == METHODS and entry.source == "run"


def _ranks(entries: list[Entry], by_key: dict[tuple[str, str], Record]) -> dict[str, Rank]:
    own = {e.method: [by_key[e.name, key] for key in e.keys] for e in entries}
    yardsticks = {name: _yardstick(records) for name, records in own.items()}
    common = Counter(keys for keys in yardsticks.values() if keys)
    if not common:
        return {}
    keys = common.most_common(1)[0][0]
    retrained = [by_key.get(("retrained", key)) for key in keys]
    compared = {name: records for name, records in own.items() if yardsticks[name] == keys}
    if any(r is None or not r.forget_rows for r in [*retrained, *(r for group in compared.values() for r in group)]):
        return {}
    authors = np.array(next(iter(compared.values()))[0].forget_rows["author"], dtype=np.int64)
    candidates = {name: _rows(records) for name, records in compared.items()}
    errors = board_errors(candidates, _rows([r for r in retrained if r is not None]), authors)
    return rank_rows(errors.errors)


def _yardstick(records: list[Record]) -> tuple[str, ...]:
    """The retrained models that all runs of a row were compared with; none where they differ."""
    keys = {tuple(record.compared_with.get("retrained", ())) for record in records}
    return keys.pop() if len(keys) == 1 else ()


def _rows(records: list[Record]) -> np.ndarray:
    """[runs, n] of the statistic, NaN where undefined."""
    return np.stack([record.row_statistic(STATISTIC) for record in records])
