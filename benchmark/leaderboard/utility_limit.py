"""How firmly a board says which rows keep enough utility: rows that lie at the limit are named, and faultless models below it."""

from __future__ import annotations

from collections.abc import Iterable

from benchmark.leaderboard.entries import BELOW, METHODS, Entry
from benchmark.records.record import Record
from metrics.utility_kept import KEPT, UtilityKept

COLUMN = UtilityKept.name
LEAST = 0.05  # P(first) of the rows that are named


def at_the_limit(rows: Iterable[Entry], records: Iterable[Record]) -> list[str]:
    """Notes, split by split: rows whose interval of utility kept holds the limit, and retrained models that are below it."""
    rows, records, notes = list(rows), list(records), []
    for split in dict.fromkeys(row.split for row in rows):
        own = _open_rows([row for row in rows if row.split == split])
        own += _retrained_below([record for record in records if record.is_retrained and record.split == split])
        notes += [f"{split}: {note}" for note in own]
    return notes


def _open_rows(rows: list[Entry]) -> list[str]:
    """Which rows of a split are open, and who may then be first."""
    blocks = {"ranked": METHODS, "below": BELOW}
    named = {
        word: [row.method for row in rows if row.block == block and _is_open(row)] for word, block in blocks.items()
    }
    text = "; ".join(f"{word}: {', '.join(names)}" for word, names in named.items() if names)
    if not text:
        return []
    notes = [f"whether they keep {100 * KEPT:.0f} % of utility is open, as their intervals say: {text}"]
    return notes + ([f"may be the nearest that keeps it, P(first): {first}"] if (first := _first(rows)) else [])


def _retrained_below(retrained: list[Record]) -> list[str]:
    if not (below := [words for record in retrained if (words := _lost(record))]):
        return []
    return [
        f"of {len(retrained)} retrained models, which have no fault, {len(below)} below {100 * KEPT:.0f} % of utility "
        f"({', '.join(below)}): by that part chance alone turns models away"
    ]


def _first(rows: Iterable[Entry]) -> str:
    """The rows with a P(first) that is worth a word, the likeliest first."""
    likely = [(row.p_first, row.method) for row in rows if row.p_first is not None and row.p_first >= LEAST]
    return ", ".join(f"{method} {share:.2f}" for share, method in sorted(likely, key=lambda own: (-own[0], own[1])))


def _is_open(row: Entry) -> bool:
    cell = row.cells.get(COLUMN)
    if row.block not in (METHODS, BELOW) or cell is None or cell.low is None or cell.high is None:
        return False
    return cell.low < KEPT <= cell.high


def _lost(record: Record) -> str:
    """The part of which a retrained model keeps too little, and how much it keeps; "" where it keeps enough."""
    kept = record.value(COLUMN)
    if kept is None or kept >= KEPT:
        return ""
    return f"{record.metrics[COLUMN].get('extra', {}).get('part', 'utility')} {kept:.2f}"
