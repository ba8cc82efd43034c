"""``site``: the front page of published boards."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from benchmark.common.console import out, user_errors


def site(
    root: Annotated[Path, typer.Argument(help="the folder of published boards")] = Path("results/published"),
    reproduce: Annotated[
        bool, typer.Option("--reproduce", help="first measure again every board that has scores, a second a run")
    ] = False,
) -> None:
    """Write index.html of all published boards, and every board's pages, from their records: ready for a static host."""
    with user_errors():
        from benchmark.page.site import write_site

        out.print(f"written: {write_site(root, reproduced=reproduce, say=out.print)}")
