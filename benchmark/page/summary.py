"""What a board says in a few sentences a split: who forgot, who kept what was to stay, who can be told apart, what comes back."""

from __future__ import annotations

from dataclasses import dataclass

from benchmark.leaderboard.board import Board
from benchmark.leaderboard.entries import METHODS, Entry
from benchmark.leaderboard.numbers import cell_text, number
from benchmark.leaderboard.ranking import WORST
from metrics.calibration.headline import DISTANCE, P
from metrics.utility_kept import KEPT

LEVEL = 0.05
INTERVAL = " [{}, {}]"


@dataclass(frozen=True)
class Finding:
    """A number in large type, what it counts, and a sentence below it."""

    title: str
    big: str
    text: str
    row: Entry | None = None  # that the sentence is about


def findings(board: Board, split: str) -> list[Finding]:
    """The findings on a split; those for which the board has no number are left out."""
    methods = [e for e in board.rows if e.split == split and e.role == "method"]
    models = [e for e in board.rows if e.split == split and e.role == "model"]
    made = [_forgot(methods), _kept(methods, models), _apart(board, split, methods), _comes_back(methods)]
    return [finding for finding in made if finding is not None]


def _forgot(methods: list[Entry]) -> Finding | None:
    column, measure = (P, DISTANCE) if _any(methods, DISTANCE) else ("forget_quality", "forget_quality")
    known = [(p, entry) for entry in methods if (p := entry.value(column)) is not None]
    if not known:
        return None
    passing = sum(p > LEVEL for p, _ in known)
    best = min if measure == DISTANCE else max
    reach = [e for e in methods if e.is_sound and e.value(measure) is not None] or [e for _, e in known]
    useful = [e for e in reach if e.block == METHODS]  # what was broken may be as near as it likes
    row = best(useful or reach, key=lambda entry: entry.value(measure) or 0.0)
    among = f" of those that keep {100 * KEPT:.0f} %" if 0 < len(useful) < len(reach) else ""
    words = {
        DISTANCE: "could be one more retrained model (p > 0.05). Nearest{}: {} at {} times the distance between retrained models.",
        "forget_quality": "pass TOFU's forget quality (p > 0.05). Highest{}: {} at {}.",
    }[measure]
    text = words.format(among, row.method, cell_text(row, measure, "{}", INTERVAL))
    return Finding("Forgot", f"{passing} of {len(known)}", text, row)


def _kept(methods: list[Entry], models: list[Entry]) -> Finding | None:
    share = _any(methods, "utility_kept")
    column = "utility_kept" if share else "model_utility"
    known = [(value, entry) for entry in methods if (value := entry.value(column)) is not None]
    if not known:
        return None
    value, row = max(known, key=lambda pair: pair[0])
    if not share:
        before = next((f" Fine-tuned: {number(column, e.value(column))}." for e in models if e.name == "finetuned"), "")
        return Finding(
            "Kept utility", number(column, value), f"is the highest model utility: {row.method}.{before}", row
        )
    enough = sum(value >= KEPT for value, _ in known)
    text = f"keep {100 * KEPT:.0f} % of every part of utility. Most: {row.method} at {cell_text(row, column, '{}', INTERVAL)}."
    return Finding("Kept utility", f"{enough} of {len(known)}", text, row)


def _apart(board: Board, split: str, methods: list[Entry]) -> Finding | None:
    if split not in board.told_apart:
        if len(methods) < 2:
            return None
        return Finding(
            "Told apart", "untested", "These records hold no rows to test methods in pairs: read no order into them."
        )
    apart, pairs = board.told_apart[split]
    if not pairs:
        return None
    best = [entry.method for entry in methods if entry.is_best]
    text = (
        "pairs of methods are told apart by paired tests over authors. "
        + (f"None is nearer than {', '.join(best)}." if best else "")
        + ("The order of the rows is no ranking." if not apart else "")
    )
    return Finding("Told apart", f"{apart} of {pairs}", text.strip())


def _comes_back(methods: list[Entry]) -> Finding | None:
    known = [(value, e, e.rank_worst) for e in methods if e.rank_worst and (value := e.value(WORST)) is not None]
    if not known:
        return None
    value, row, _ = min(known, key=lambda own: own[0])
    first = [e.method for _, e, rank in known if rank.is_first]
    text = (
        f"is the lowest residual under a row's worst attack: {row.method}; 0 as retrained, 1 as before unlearning."
        + (f" By paired tests over authors none brings back less than {', '.join(first)}." if first else "")
    )
    return Finding("Comes back", number(WORST, value), text, row)


def _any(entries: list[Entry], column: str) -> bool:
    return any(entry.value(column) is not None for entry in entries)
