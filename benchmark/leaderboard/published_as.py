"""What publishing gives a board that its records do not hold: its name, and which runs failed and stayed behind."""

from __future__ import annotations

from pathlib import Path

from benchmark.common.files import read_json

ROOT = Path("results/published")
LEFT_OUT = "left out, since it failed: "  # begins the note on a failed run


def published_as(folder: Path) -> tuple[str | None, list[str]]:
    """Name of a published board and its notes on failed runs; (None, []) for any other folder.

    Raises:
        UserError: the board's leaderboard.json is damaged.
    """
    file = folder / "leaderboard.json"
    if folder.resolve().parent.name != ROOT.name or not file.is_file():
        return None, []
    known = read_json(file, "the leaderboard")
    notes = known.get("notes", []) if isinstance(known, dict) else []
    return folder.resolve().name, [note for note in notes if str(note).startswith(LEFT_OUT)]
