"""What several commands do."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import typer

from benchmark.common.console import out
from benchmark.common.errors import UserError


def comma_separated(text: str | None, option: str) -> list[str] | None:
    """The names in an option's text; None where it was not given.

    Raises:
        UserError: it was given, and names nothing.
    """
    names = None if text is None else [name.strip() for name in text.split(",") if name.strip()]
    if names == []:
        raise UserError(f"{option} names nothing; leave it out to take the preset's")
    return names


def folder_path(text: str) -> Path:
    """A folder's path as an option or argument gives it; an empty text is none, and would mean the working directory."""
    if not text.strip():
        raise typer.BadParameter("it is empty; name a folder")
    return Path(text)


def launch_changes(device: str | None, run_limit: float | None, launcher: str | None) -> list[str]:
    """What ``--device``, ``--run-limit`` and ``--launcher`` change in a preset."""
    given = {"device": device, "run_limit": run_limit, "launcher": launcher}
    return [f"launch.{key}={value}" for key, value in given.items() if value is not None]


def end_with_failed(failed: Sequence[str], folder: Path) -> None:
    """Say which rows failed, and end with exit code 1; do nothing where none did."""
    if failed:
        out.print(f"{len(failed)} runs failed; tracebacks in {folder}/logs, and the same command tries them again:")
        for line in failed:
            out.print(f"  {line}")
        raise SystemExit(1)


def show_board(folder: Path) -> None:
    """Write a board's tables and show it."""
    from benchmark.leaderboard import build as leaderboard
    from benchmark.leaderboard.terminal import terminal_table
    from benchmark.page import write_pages

    board = leaderboard.build(folder)
    leaderboard.write(folder, board)
    written = write_pages(folder, board)
    out.print(terminal_table(board), markup=True)
    out.print(
        f"written: {folder}/leaderboard.csv, .md, .tex, .json, .png, .pdf; {', '.join(path.name for path in written)}"
    )
