"""What fewer authors, or fewer questions of each, would have decided: ``python -m benchmark.comparison.size_of_board FOLDER``.

A board's forget rows are thinned: so many of its authors, drawn at random, with so many rows of each. Errors, units and
tests are made anew of what is left (``board_errors``, ``lower``), and the share of pairs of methods that are told apart is averaged over
the draws. What varies: which authors and rows are read. What is held fixed: the models, which have forgotten all of them;
a board of fewer forget rows would also unlearn for fewer steps. Not shown: more authors than the board has.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from benchmark.common.console import user_errors
from benchmark.common.errors import UserError
from benchmark.common.tables import markdown_table
from benchmark.leaderboard.build import build
from benchmark.leaderboard.ranking import compared_rows
from metrics.calibration.errors import board_errors
from metrics.calibration.pairs import lower
from metrics.calibration.ranks import FEWEST_AUTHORS

DRAWS, SEED = 40, 0
AUTHORS, ROWS = (6, 8, 10, 15, 20, 40), (2, 5, 10, 20)


def share_told_apart(
    candidates: dict[str, np.ndarray], retrained: np.ndarray, authors: np.ndarray, kept: np.ndarray
) -> float:
    """Share of the pairs of methods that these forget rows tell apart; NaN where they give no distance.

    Args:
        candidates: row -> [S, T, n].
        retrained: [K, T, n].
        authors: [n].
        kept: [m] positions of the forget rows that are read.
    """
    own = {name: runs[:, :, kept] for name, runs in candidates.items()}
    errors = board_errors(own, retrained[:, :, kept], authors[kept]).errors
    means = np.array([e.mean(axis=0) for e in errors.values() if np.isfinite(e).all()])
    if len(means) < 2:
        return float("nan")
    return float(lower(means).sum() / (len(means) * (len(means) - 1) / 2))


def thinned(authors: np.ndarray, count: int, rows: int, rng: np.random.Generator) -> np.ndarray:
    """[m] sorted positions: ``count`` authors drawn of those with as many rows, and ``rows`` of each."""
    numbers, sizes = np.unique(authors, return_counts=True)
    chosen = rng.choice(numbers[sizes >= rows], count, replace=False)
    return np.sort(np.concatenate([rng.choice(np.flatnonzero(authors == a), rows, replace=False) for a in chosen]))


def report(folder: Path, split: str | None = None) -> str:
    """A Markdown table of a split (the board's largest if None): a line a number of authors, a column a number of rows of each.

    Raises:
        UserError: the board has no such split, too few authors, or records that cannot be compared.
    """
    board = build(folder)
    split = split or max(board.splits)
    if split not in board.splits:
        raise UserError(f"{folder} has no split {split}; it has {', '.join(board.splits)}")
    compared = compared_rows(board.rows, split, board.records)
    if compared is None:
        raise UserError(f"{folder} has no methods on {split} that were compared with the same retrained models")
    authors = compared[2]
    sizes = np.unique(authors, return_counts=True)[1]
    counts = [n for n in AUTHORS if n <= len(sizes)]
    if not counts:
        raise UserError(f"{folder} has {len(sizes)} forget authors on {split}; tests need {FEWEST_AUTHORS} or more")
    of_each = [n for n in ROWS if n <= sizes.min()]
    rng = np.random.default_rng(SEED)
    lines = [[str(n), *(_percent(compared, n, m, rng) for m in of_each)] for n in counts]
    whole = share_told_apart(*compared, np.arange(len(authors)))
    head = ("authors", *(f"{m} rows of each, %" for m in of_each))
    return (
        f"{split}, {len(compared[0])} methods; all {len(authors)} rows of {len(sizes)} authors tell {100 * whole:.0f} % of pairs apart. "
        f"Means of {DRAWS} draws.\n\n{markdown_table(head, lines, 'r' * len(head))}"
    )


def _percent(
    compared: tuple[dict[str, np.ndarray], np.ndarray, np.ndarray], authors: int, rows: int, rng: np.random.Generator
) -> str:
    shares = [share_told_apart(*compared, thinned(compared[2], authors, rows, rng)) for _ in range(DRAWS)]
    return f"{100 * float(np.nanmean(shares)):.0f}"


if __name__ == "__main__":
    with user_errors():
        print(report(Path(sys.argv[1] if len(sys.argv) > 1 else "results/published/tofu-small"), *sys.argv[2:3]))
