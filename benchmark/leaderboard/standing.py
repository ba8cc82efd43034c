"""Claimed or reproduced, row by row: what stands beside the numbers of a board that was checked (records/reproduction.py)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmark.leaderboard.entries import Entry
from benchmark.leaderboard.headings import RANK, RANK_WORST
from benchmark.leaderboard.ranking import WORST
from benchmark.records.reproduction import ROWS

if TYPE_CHECKING:
    from benchmark.leaderboard.board import Board

HEAD = "Numbers"
SIGN = "°"  # behind a claimed number of a row that has reproduced ones too
FOOTNOTE = (
    f"{HEAD}: reproduced, where the scores that are published with the row give them again; claimed, as its record has them, "
    f"where they cannot ({SIGN} in a row that has both)."
)
Claims = dict[tuple[str, str], dict[str, str]]  # (method, key) of a record -> claimed column -> why


@dataclass(frozen=True)
class Standing:
    """Of a row's numbers, those of all its runs together."""

    reproduced: int
    claimed: dict[str, str]  # column -> why

    @property
    def word(self) -> str:
        """ "reproduced", "claimed", or how many are reproduced."""
        if not self.claimed:
            return "reproduced"
        return (
            f"{self.reproduced} of {self.reproduced + len(self.claimed)} reproduced" if self.reproduced else "claimed"
        )


def standings(rows: Iterable[Entry], claims: Claims | None) -> dict[tuple[str, str], Standing]:
    """(split, row) -> its standing; {} for a board that was not checked. Undefined columns are not counted."""
    if claims is None:
        return {}
    return {(entry.split, entry.method): _standing(entry, claims) for entry in rows}


def _standing(entry: Entry, claims: Claims) -> Standing:
    own = [claims.get((entry.name, key), {}) for key in entry.keys]
    columns = [column for column in entry.cells if entry.value(column) is not None]
    sources = {column: column for column in columns} | ({RANK: ROWS} if entry.rank is not None else {})
    sources |= {RANK_WORST: WORST} if entry.rank_worst is not None else {}
    claimed = {
        column: next(known[source] for known in own if source in known)
        for column, source in sources.items()
        if any(source in known for known in own)
    }
    return Standing(len(sources) - len(claimed), claimed)


def sign(board: Board, entry: Entry, column: str) -> str:
    """``SIGN`` where a number is claimed and others of its row are not."""
    known = board.standings.get((entry.split, entry.method))
    return SIGN if known is not None and known.reproduced and column in known.claimed else ""


def word(board: Board, entry: Entry) -> str:
    """What a table says of a row; "" on a board that was not checked."""
    known = board.standings.get((entry.split, entry.method))
    return "" if known is None else known.word


def standing_lines(board: Board) -> list[str]:
    """What the column means, below a table that has it."""
    return [FOOTNOTE] if board.standings else []


def standing_sentence(board: Board, mark: str = SIGN) -> str:
    """The same in a sentence, for tables that have no such column; "" on a board that was not checked.

    Args:
        mark: the sign that the table sets behind a claimed number, "" if it sets none.
    """
    known = board.standings.values()
    if not known:
        return ""
    whole = [method for (_, method), own in board.standings.items() if own.claimed and not own.reproduced]
    if len(whole) == len(known):
        return "All numbers are claimed by their records: no published scores give them again."
    parts = any(own.claimed and own.reproduced for own in known)
    claimed = [f"those of {', '.join(dict.fromkeys(whole))}"] if whole else []
    claimed += [f"those with {mark}" if mark else "some of other rows (leaderboard.md)"] if parts else []
    text = "Numbers are reproduced from the scores that are published with them"
    return f"{text}, but {' and '.join(claimed)} claimed by their records." if claimed else f"{text}."


def claim_notes(board: Board) -> list[str]:
    """A line a reason: which rows it holds for, and which of their numbers."""
    whole: dict[str, list[str]] = {}
    parts: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    several = len(board.splits) > 1
    for (split, method), own in board.standings.items():
        label = f"{method} {split}" if several else method
        for why in dict.fromkeys(own.claimed.values()):
            columns = tuple(column for column, reason in own.claimed.items() if reason == why)
            if not own.reproduced and len(columns) == len(own.claimed):
                whole.setdefault(why, []).append(label)
            else:
                parts.setdefault((why, columns), []).append(label)
    lines = [f"claimed, since {why}: all numbers of {', '.join(rows)}" for why, rows in whole.items()]
    return lines + [
        f"claimed, since {why}: {', '.join(columns)} of {', '.join(rows)}" for (why, columns), rows in parts.items()
    ]
