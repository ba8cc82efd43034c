"""What several commands do."""

from __future__ import annotations

from pathlib import Path

from benchmark.common.console import out


def comma_separated(text: str | None) -> list[str] | None:
    return None if text is None else [name.strip() for name in text.split(",") if name.strip()]


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
