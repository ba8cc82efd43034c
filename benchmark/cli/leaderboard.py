"""``leaderboard``: a board's tables and figure again, from its records."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from benchmark.cli.shared import show_board
from benchmark.common.console import user_errors


def leaderboard(folder: Annotated[Path, typer.Argument(help="a board's folder, e.g. results/quick")]) -> None:
    """Make a board's tables again from its records."""
    with user_errors():
        show_board(folder)
