"""``metrics``: compute metrics again from stored scores."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from benchmark.common.console import out, user_errors


def recompute_metrics(
    folder: Annotated[Path, typer.Argument(help="a board's folder, e.g. results/quick")],
    metric: Annotated[list[str] | None, typer.Option(help="only this one (name or .py file); may be repeated")] = None,
) -> None:
    """Compute metrics again from stored scores, without a model, and add them to the records."""
    with user_errors():
        from rich.table import Table

        from benchmark.records.recompute import recompute, table

        updates = recompute(folder, metric)
        for update in updates:
            out.print(update.line())
        if metric:
            heads, rows = table(updates)
            grid = Table(box=None, pad_edge=False)
            for number, head in enumerate(heads):
                grid.add_column(head, no_wrap=number == 0, overflow="fold", min_width=9)
            for row in rows:
                grid.add_row(*row)
            out.print(grid)
