"""``scorecard``: what a board's numbers are worth on models whose truth is known."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from benchmark.common.console import out, user_errors


def scorecard(
    folder: Annotated[Path, typer.Argument(help="a board's folder with many retrained models and doses")],
    split: Annotated[str, typer.Option(help="forget01, forget05 or forget10")] = "forget10",
    draws: Annotated[int, typer.Option(min=10, help="of K retrained models and a candidate")] = 300,
    out_file: Annotated[Path | None, typer.Option("--out", help="a .md file, or a .csv for each table")] = None,
) -> None:
    """Show how often the yardstick rejects retrained models that were held out, and which doses it finds."""
    with user_errors():
        from benchmark.common.tables import markdown, write
        from benchmark.scorecard.real_models import tables

        made = tables(folder, split, draws=draws)
        if out_file is None:
            out.print(markdown(made))
        else:
            write(made, out_file)
            out.print(f"written: {out_file}")
