"""``reproduce``: which numbers of a board follow from its scores."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from benchmark.cli.shared import show_board
from benchmark.common.console import out, user_errors


def reproduce(
    folder: Annotated[Path, typer.Argument(help="a board's folder, e.g. results/published/quick")],
) -> None:
    """Measure every number of a board again from its scores, and mark claimed and reproduced ones in its tables.

    A number that is not what its scores give is an error, and nothing is written.
    """
    with user_errors():
        from benchmark.records.reproduction import reproduce as reproduce_board

        out.print(f"written: {reproduce_board(folder, say=out.print)}")
        show_board(folder)
