"""How firmly a board says which rows keep enough utility: rows that lie at the limit are named, and faultless models below it."""

from __future__ import annotations

from collections.abc import Iterable

from benchmark.leaderboard.entries import BELOW, METHODS, Entry
from benchmark.records.record import Record
from metrics.utility_kept import KEPT, UtilityKept

COLUMN = UtilityKept.name


def at_the_limit(rows: Iterable[Entry], records: Iterable[Record]) -> list[str]:
    """Notes, split by split: rows whose interval of utility kept holds the limit, and retrained models that are below it."""
    rows, records, notes = list(rows), list(records), []
    for split in dict.fromkeys(row.split for row in rows):
        own = [row for row in rows if row.split == split and _is_open(row)]
        blocks = {"ranked": METHODS, "below": BELOW}
        named = {word: [row.method for row in own if row.block == block] for word, block in blocks.items()}
        if own:
            text = "; ".join(f"{word}: {', '.join(names)}" for word, names in named.items() if names)
            notes.append(
                f"{split}: whether they keep {100 * KEPT:.0f} % of utility is open, as their intervals say: {text}"
            )
        lost = [_lost(record) for record in records if record.is_retrained and record.split == split]
        if below := [words for words in lost if words]:
            notes.append(
                f"{split}: of {len(lost)} retrained models, which have no fault, {len(below)} below {100 * KEPT:.0f} % of utility "
                f"({', '.join(below)}): by that part chance alone turns models away"
            )
    return notes


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
