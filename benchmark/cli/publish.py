"""``publish``: copy what can be stood for to results/published."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from benchmark.common.console import out, user_errors

if TYPE_CHECKING:
    from benchmark.leaderboard.board import Board


def publish(
    folder: Annotated[Path, typer.Argument(help="a board's folder, e.g. results/quick")],
    name: Annotated[str | None, typer.Option(help="of the published board [the preset's]")] = None,
    replace: Annotated[bool, typer.Option("--replace", help="the board that is published under that name")] = False,
    scores: Annotated[bool, typer.Option(help="with the per-token scores, some megabytes a run")] = True,
) -> None:
    """Copy a board's clean records to results/published/<name>, to be committed."""
    with user_errors():
        from benchmark.leaderboard.publish import publish as publish_board
        from benchmark.page import write_pages
        from benchmark.rkld_claims import examine, write_claims

        def beside(published: Path, board: str) -> None:
            write_claims(published, examine(published), board)

        def pages(published: Path, board: Board) -> None:
            write_pages(published, board, beside=folder, answers=scores)

        place = publish_board(
            folder, name, scores=scores, replace=replace, say=out.print, write_claims=beside, write_pages=pages
        )
        out.print(f"published: {place}")
