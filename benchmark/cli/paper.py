"""``paper``: a paper's figure and LaTeX table of chosen rows and columns."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from benchmark.cli.shared import comma_separated
from benchmark.common.console import out, user_errors


def paper(
    folder: Annotated[Path, typer.Argument(help="a board's folder, e.g. results/quick")],
    methods: Annotated[str | None, typer.Option(help="rows, e.g. rkld,npo+rt,retrained [all]")] = None,
    metrics: Annotated[str | None, typer.Option(help="columns, e.g. distance,rank [those of the main table]")] = None,
    split: Annotated[str | None, typer.Option(help="one alone [all]")] = None,
    best: Annotated[int | None, typer.Option(help="the first so many methods of every split [all]", min=1)] = None,
    out_path: Annotated[Path | None, typer.Option("--out", help="a folder [FOLDER/paper]")] = None,
) -> None:
    """Make a paper's figure (PDF, PNG) and table (LaTeX, Markdown) of chosen rows and columns of a board."""
    with user_errors():
        from benchmark.leaderboard.build import build
        from benchmark.leaderboard.paper import choose, write_paper

        chosen = choose(
            build(folder), comma_separated(methods, "--methods"), comma_separated(metrics, "--metrics"), split, best
        )
        files = write_paper(out_path or folder / "paper", chosen)
        out.print(f"written: {', '.join(map(str, files))}")
