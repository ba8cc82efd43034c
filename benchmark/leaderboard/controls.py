"""What a board's controls say of its columns: one that takes a cheat for forgetting is named on the board."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from benchmark.leaderboard.entries import Entry
from metrics.calibration.headline import DISTANCE, P
from metrics.utility_kept import KEPT

CHEATS = ("refuse_all", "random_answer", "guardrail", "temperature")  # none has forgotten anything
LEVEL = 0.05


def is_cheat(entry: Entry) -> bool:
    """Whether the row is a control that only looks like forgetting."""
    return entry.role == "control" and entry.name in CHEATS


def fooled(rows: Iterable[Entry]) -> list[str]:
    """A note for each column by which a cheat looks like a retrained model, or nearer than the best method does."""
    rows, notes = list(rows), []
    for split in dict.fromkeys(row.split for row in rows):
        own = [row for row in rows if row.split == split]
        for column, looks_forgotten in _rules(own).items():
            if names := [row.method for row in own if is_cheat(row) and looks_forgotten(row)]:
                notes.append(
                    f"{split}: {column} cannot tell {', '.join(names)} from forgetting (controls that have forgotten "
                    "nothing): do not read it alone"
                )
    return notes


def _rules(rows: list[Entry]) -> dict[str, Callable[[Entry], bool]]:
    """Column -> whether a row has forgotten by that column."""
    methods = [row.value(DISTANCE) for row in rows if row.is_sound and (row.value("utility_kept") or 0.0) >= KEPT]
    nearest = min((far for far in methods if far is not None), default=0.0)

    def near_and_useful(row: Entry) -> bool:
        far, kept = row.value(DISTANCE), row.value("utility_kept")
        return far is not None and kept is not None and far <= nearest and kept >= KEPT

    def holds_zero(row: Entry) -> bool:
        cell = row.cells.get("residual")
        return cell is not None and cell.low is not None and cell.high is not None and cell.low <= 0 <= cell.high

    def passes(column: str) -> Callable[[Entry], bool]:
        return lambda row: (row.value(column) or 0.0) > LEVEL

    return {
        "distance with utility kept": near_and_useful,
        "residual": holds_zero,
        "p": passes(P),
        "TOFU's forget quality": passes("forget_quality"),
    }
