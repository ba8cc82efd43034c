"""Who is better than whom on a board: ranks of the rows that take part, split by split, from what their records hold.

By distance, and by what the attack that brings most back of a row brings back: its absolute residual by author, since 0 is a retrained
model and below 0 is forgotten beyond one. Which attack that is, is taken as known; what its choice adds to rows whose attacks are alike, and
what that does to the tests: benchmark/simulations/worst_attack.py.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from benchmark.leaderboard.entries import BELOW, METHODS, Entry
from benchmark.leaderboard.headings import RANK
from benchmark.leaderboard.shares import first_shares, front_shares
from benchmark.records.record import Record
from metrics.calibration.author_parts import parts_of
from metrics.calibration.errors import board_errors
from metrics.calibration.ranks import rank_rows
from metrics.calibration.row_statistics import STATISTICS

WORST = "residual_worst"
RANKED, MAY_BE_FIRST = (METHODS,), (METHODS, BELOW)  # blocks


def with_ranks(entries: Sequence[Entry], records: Sequence[Record]) -> list[Entry]:
    """The entries, each with its rank among the methods of its split that take part, and its shares of draws."""
    ranked: dict[tuple[str, str], Entry] = {}
    for split in dict.fromkeys(entry.split for entry in entries):
        sound = [e for e in entries if e.split == split and _takes_part(e, MAY_BE_FIRST)]
        by_key = {(r.method, r.key): r for r in records}
        runs = _runs(sound, by_key)
        enough = {e.method: runs[e.method] for e in sound if _takes_part(e)}
        seeds = {name: [(r.seed, r.finetuning_seed) for r in own] for name, own in runs.items()}
        errors = errors_of_split(entries, split, records)
        ranks, worst = rank_rows(errors, seeds), rank_rows(_under_attack(enough), seeds)
        fronts = front_shares(errors, enough, seeds)
        firsts = first_shares(errors_of_split(entries, split, records, blocks=MAY_BE_FIRST), runs, seeds)
        ranked |= {
            (split, e.method): replace(
                e, rank=ranks.get(e.method), rank_worst=worst.get(e.method),
                p_front=fronts.get(e.method), p_first=firsts.get(e.method),
            )
            for e in sound
        }  # fmt: skip
    return [ranked.get((e.split, e.method), e) if _takes_part(e, MAY_BE_FIRST) else e for e in entries]


def errors_of_split(
    entries: Sequence[Entry],
    split: str,
    records: Sequence[Record],
    statistics: Sequence[str] = STATISTICS,
    blocks: Sequence[str] = RANKED,
) -> dict[str, np.ndarray]:
    """Row of a split that takes part -> [S, G] its errors by seed and author; empty where records cannot be compared."""
    compared = compared_rows(entries, split, records, statistics, blocks)
    return {} if compared is None else board_errors(*compared).errors


def compared_rows(
    entries: Sequence[Entry],
    split: str,
    records: Sequence[Record],
    statistics: Sequence[str] = STATISTICS,
    blocks: Sequence[str] = RANKED,
) -> tuple[dict[str, np.ndarray], np.ndarray, np.ndarray] | None:
    """What ``board_errors`` reads of a split: row -> [S, T, n], the retrained models [K, T, n], authors [n].

    The rows are those that take part and share the retrained models that most have; None where records cannot be compared.
    """
    by_key = {(record.method, record.key): record for record in records}
    own = _runs([e for e in entries if e.split == split and _takes_part(e, blocks)], by_key)
    yardsticks = {name: _yardstick(runs) for name, runs in own.items()}
    common = Counter(keys for keys in yardsticks.values() if keys)
    if not common:
        return None
    keys = common.most_common(1)[0][0]
    retrained = [by_key.get(("retrained", key)) for key in keys]
    compared = {name: runs for name, runs in own.items() if yardsticks[name] == keys}
    if any(r is None or not r.forget_rows for r in [*retrained, *(r for group in compared.values() for r in group)]):
        return None
    authors = np.array(next(iter(compared.values()))[0].forget_rows["author"], dtype=np.int64)
    candidates = {name: rows_of_records(runs, statistics) for name, runs in compared.items()}
    return candidates, rows_of_records([r for r in retrained if r is not None], statistics), authors


def told_apart(entries: Sequence[Entry], by: str = RANK) -> dict[str, tuple[int, int]]:
    """Split -> pairs of ranked rows that a test tells apart, and all pairs; by distance or, RANK_WORST, under the worst attack."""
    counts = {}
    for split in dict.fromkeys(entry.split for entry in entries):
        own = [getattr(e, by) for e in entries if e.split == split]
        ranks = [rank for rank in own if rank is not None and rank.low is not None]
        if ranks:
            counts[split] = (sum(len(rank.worse) for rank in ranks), len(ranks) * (len(ranks) - 1) // 2)
    return counts


def _takes_part(entry: Entry, blocks: Sequence[str] = RANKED) -> bool:
    """Imported rows do not: a run of the same name may stand beside them, and their models are not the board's."""
    return entry.is_sound and entry.block in blocks and entry.source == "run"


def _runs(entries: list[Entry], by_key: dict[tuple[str, str], Record]) -> dict[str, list[Record]]:
    """Row -> its records, one a seed."""
    return {e.method: [by_key[e.name, key] for key in e.keys] for e in entries}


def _under_attack(own: dict[str, list[Record]]) -> dict[str, np.ndarray]:
    """Row -> [S, G] its absolute residual under its worst attack by seed and author, over the authors that all such rows have.

    An attack that trains on some authors is scored on the others. Empty where the retrained models are not one set.
    """
    parts = {
        name: [parts_of(record.metrics.get(WORST, {}).get("extra") or {}) for record in runs]
        for name, runs in own.items()
    }
    parts = {name: runs for name, runs in parts.items() if all(runs)}
    if not parts or len({_yardstick(own[name]) for name in parts}) > 1:
        return {}
    authors = sorted(set.intersection(*(set(run) for runs in parts.values() for run in runs)))
    return {name: np.abs([[run[author] for author in authors] for run in runs]) for name, runs in parts.items()}


def _yardstick(records: list[Record]) -> tuple[str, ...]:
    """The retrained models that all runs of a row were compared with; none where they differ."""
    keys = {record.retrained_keys for record in records}
    return keys.pop() if len(keys) == 1 else ()


def rows_of_records(records: list[Record], statistics: Sequence[str]) -> np.ndarray:
    """[runs, T, n] of the statistics, NaN where undefined."""
    return np.stack([np.stack([record.row_statistic(name) for name in statistics]) for record in records])
