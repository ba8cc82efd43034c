"""``export-dataset``: generated authors in TOFU's file layout."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from benchmark.common.console import out, user_errors


def export_dataset(
    folder: Annotated[Path, typer.Argument(help="where to write; new or an earlier export")],
    authors: Annotated[int, typer.Option(min=2, help="20 questions each")] = 200,
    seed: Annotated[int, typer.Option(min=0)] = 0,
    holdout: Annotated[int, typer.Option(min=0, help="authors that no split trains on")] = 0,
) -> None:
    """Write generated authors in TOFU's file layout."""
    with user_errors():
        from benchmark.data import fictitious
        from benchmark.data.export import export

        export(fictitious.load(authors=authors, seed=seed, holdout=holdout), folder)
        out.print(f"written: {authors} authors to {folder}")
