"""``leaderboard``: a board's tables and figure again, from its records."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from benchmark.cli.shared import show_board
from benchmark.common.console import out, user_errors


def leaderboard(folder: Annotated[Path, typer.Argument(help="a board's folder, e.g. results/quick")]) -> None:
    """Make a board's tables again from its records."""
    with user_errors():
        from benchmark.records.record import load_records

        records = load_records(folder)
        show_board(folder)
        if without := sum(record.checksum is None for record in records):
            out.print(
                f"{without} of {len(records)} records have no checksum, since an earlier version wrote them: a changed number in "
                "them would not be noticed"
            )
