"""What stands beside a board's numbers: the caption above, the marks behind names and their meaning below."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from benchmark.common.seed_interval import AND_SEEDS, TWO_SEEDS
from benchmark.leaderboard.board import Board
from benchmark.leaderboard.entries import Entry
from benchmark.leaderboard.headings import MAIN, RANK_WORST, WITH_INTERVAL
from benchmark.leaderboard.marks import MEANING
from benchmark.leaderboard.ranking import told_apart
from metrics.calibration.headline import DISTANCE

DAGGERS = {"dirty": "†", "partial": "‡", "edge": "§"}
STARS = {"dirty": "*", "partial": "+", "edge": "^"}  # for terminals without daggers


def caption(board: Board) -> str:
    """What is counted, what the numbers are in, what the brackets hold, and which way is better."""
    counts = [
        f"{span(entry.n for entry in board.rows if entry.split == split)} forget rows ({split})"
        for split in board.splits
    ]
    parts = [f"n = {', '.join(counts)}; {seed_counts(board)}."]
    if board.is_defined(DISTANCE):
        models = span(_models(board))
        parts.append(
            f"Distance: from {models} retrained models, 1 = like one more of them; the largest of those by truth ratio, gold and "
            "paraphrased answers. p: of being one, by all three (of several runs the geometric mean). Residual: share of fine-tuning's effect on the forget rows that "
            "is left, by the truth ratio (0 as retrained, 1 as never unlearned, below 0 forgotten beyond)."
        )
    if board.told_apart:
        text = (
            f"Ranks: the places that paired tests over authors leave open; they tell {_pairs(board.told_apart)} apart"
        )
        attacked = told_apart(board.rows, RANK_WORST)
        parts.append(f"{text}, by what the worst attack brings back {_pairs(attacked)}." if attacked else f"{text}.")
    brackets_over = {MAIN[metric].document.lower(): covered(board, metric) for metric in WITH_INTERVAL}
    if brackets := [f"{name} over {units}" for name, units in brackets_over.items() if units]:
        parts.append(f"Brackets: 95 % intervals, {', '.join(brackets)}.")
    parts.append("↑ higher is better, ↓ lower is better, → nearer to retrained is better.")
    if any(entry.is_best for entry in board.rows):
        parts.append("Bold: nearer than some method by these tests, and none is nearer.")
    return " ".join(parts)


def _pairs(apart: Mapping[str, tuple[int, int]]) -> str:
    return ", ".join(f"{n} of {pairs} pairs ({split})" for split, (n, pairs) in apart.items())


def seed_counts(board: Board) -> str:
    """ "1 seed a method", "3 seeds a method on 2 fine-tuned models"."""
    methods = [entry for entry in board.rows if entry.role == "method"]
    return seeds_text((entry.seeds for entry in methods), (entry.finetuning_seeds for entry in methods), "a method")


def seeds_text(seeds: Iterable[Iterable[int]], models: Iterable[Iterable[int]], of: str = "") -> str:
    """ "3 seeds ``of`` on 2 fine-tuned models", from the seeds of each row's runs and of their fine-tuned models."""
    counts, tuned = (span(len(set(own)) for own in each) for each in (seeds, models))
    text = f"{counts} {'seed' if counts == '1' else 'seeds'} {of}".rstrip()
    return text if tuned in ("no", "0", "1") else f"{text} on {tuned} fine-tuned models"


def _models(board: Board) -> list[int]:
    """How many retrained models the splits' methods are compared with."""
    return [len(e.seeds) for e in board.rows if e.name == "retrained" and e.role == "model"]


def minutes(entry: Entry) -> str:
    """Of a run of the row."""
    return "–" if entry.minutes is None else f"{entry.minutes:.1f}"


def status(entry: Entry) -> str:
    """How the row's runs went, and whether they were somebody else's."""
    return entry.status if entry.source == "run" else f"{entry.status} ({entry.source})"


def signs(entry: Entry, alphabet: dict[str, str] = DAGGERS) -> str:
    """The signs of an entry's marks."""
    return "".join(alphabet[mark] for mark in entry.marks)


def footnotes(board: Board, alphabet: dict[str, str] = DAGGERS) -> list[str]:
    """What the signs on this board mean."""
    return [
        f"{sign} {MEANING[mark]}."
        for mark, sign in alphabet.items()
        if any(mark in entry.marks for entry in board.rows)
    ]


def span(counts: Iterable[int | None]) -> str:
    """ "no", "3" or "3 to 5"."""
    known = sorted({count for count in counts if count is not None})
    return "no" if not known else str(known[0]) if len(known) == 1 else f"{known[0]} to {known[-1]}"


def covered(board: Board, metric: str) -> str:
    """The units that the intervals of a metric are over; "" where there are no intervals."""
    covers = [entry.cells[metric].covers for entry in board.rows if entry.cells[metric].low is not None]
    units = dict.fromkeys(text.removesuffix(AND_SEEDS).removesuffix(TWO_SEEDS) for text in covers)
    several = " (and seeds, where a row has several)" if any(text.endswith(AND_SEEDS) for text in covers) else ""
    return re.sub(r"(\w+): (\w+)", r"\2 of \1", " or ".join(units)).replace(";", ",") + several
