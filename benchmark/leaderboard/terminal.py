"""A board as a table for the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmark.leaderboard.board import Board
from benchmark.leaderboard.captions import STARS, footnotes, signs, status
from benchmark.leaderboard.headings import MAIN, lead, shown
from benchmark.leaderboard.numbers import cell_text
from benchmark.leaderboard.standing import standing_sentence
from metrics.calibration.headline import DISTANCE

if TYPE_CHECKING:
    from rich.table import Table

FOOT = "Distance 1: like one more retrained model (p: of being one); residual 0 as retrained, 1 as before; kept: of utility."
TOFU_FOOT = "Forget quality (a p-value), utility: higher is better."
LONGEST = 14  # characters of a name that stay on one line where names are longer


def terminal_table(board: Board) -> Table:
    """The board for a terminal of 80 columns."""
    from rich import box
    from rich.markup import escape as plain
    from rich.table import Table

    several = "Split" in lead(board)
    title = board.name if several else f"{board.name}, {', '.join(board.splits)}"
    foot = " ".join(
        [FOOT if board.is_defined(DISTANCE) else TOFU_FOOT, *footnotes(board, STARS), standing_sentence(board, "")]
    ).rstrip()
    table = Table(
        title=plain(title),
        caption=foot,
        box=box.SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
        pad_edge=False,
        show_edge=False,
    )
    longest = max((len(entry.method) for entry in board.rows), default=0)
    table.add_column("Method", overflow="fold", min_width=min(longest, LONGEST))  # names stay whole, settings fold
    if several:
        table.add_column("Split", no_wrap=True)
    columns = [metric for metric in shown(board, MAIN) if MAIN[metric].terminal]
    for metric in columns:
        table.add_column(MAIN[metric].terminal, justify="right", no_wrap=True)
    table.add_column("Status", no_wrap=True)
    for block in board.blocks():
        for entry in block:
            numbers = [cell_text(entry, metric, "[bold]{}[/bold]").replace("–", "-") for metric in columns]
            split = [plain(entry.split)] if several else []
            state = status(entry) + signs(entry, STARS)
            table.add_row(plain(entry.method), *split, *numbers, plain(state))
        table.add_section()
    return table
