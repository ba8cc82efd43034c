"""``index.html`` of a folder of published boards: what each says in short, and the way to its page and files."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmark.common.errors import UserError
from benchmark.common.files import write_text
from benchmark.config.load import load_preset, preset_names
from benchmark.leaderboard.board import Board
from benchmark.leaderboard.build import build
from benchmark.leaderboard.captions import seed_counts
from benchmark.leaderboard.entries import Entry
from benchmark.leaderboard.headings import MAIN, shown, with_arrow
from benchmark.leaderboard.numbers import cell_text
from benchmark.page import write_pages
from benchmark.page.render import render
from benchmark.page.summary import Finding, findings
from benchmark.records.record import has_records
from benchmark.records.reproduction import reproduce

NAME = "index.html"
NEAREST = 3  # rows of a board that the index shows
FILES = {  # files of a board's folder that the index links to, and their names there
    "leaderboard.html": "board",
    "answers.html": "answers",
    "leaderboard.md": "tables",
    "leaderboard.csv": "CSV",
    "results.csv": "every run",
    "leaderboard.json": "JSON",
    "claims.md": "claims of the RKLD paper",
    "README.md": "about it",
    "scorecard.md": "scorecard",
    "real_models.md": "on real models",
    "sweep.csv": "trials",
    "selected.toml": "choices",
    "sensitivity.csv": "sensitivity",
}


@dataclass(frozen=True)
class Card:
    """A published folder as the index shows it."""

    folder: str
    description: str
    facts: list[str]
    findings: list[Finding]
    heads: list[str]
    rows: list[list[str]]
    files: list[tuple[str, str]]  # file and what it is called


def write_site(root: str | Path, *, reproduced: bool = False, say: Callable[[str], None] = lambda text: None) -> Path:
    """Write every board's pages again from its records, and the index of ``root``.

    Args:
        reproduced: whether the numbers of boards that have scores are measured again first, so that their pages say which
            are claimed and which are reproduced.

    Raises:
        UserError: ``root`` holds no board, a board's records are damaged, or a number is not what its scores give.
    """
    root = Path(root)
    boards, others = [], []
    for folder in sorted(path for path in root.glob("*") if path.is_dir() and not path.name.startswith(".")):
        if has_records(folder) and not (folder / "sweep.csv").is_file():
            if reproduced and next(folder.glob("records/*/*.parquet"), None):
                reproduce(folder, say=say)
            board = build(folder, name=folder.name)
            for path in write_pages(folder, board):
                say(f"written: {path}")
            boards.append((max(record.created for record in board.records), _board(folder, board)))
        elif files := _files(folder):
            others.append(Card(folder.name, "", [], [], [], [], files))
    if not boards:
        raise UserError(f"{root} holds no board; publish one: python run_benchmark.py publish results/quick")
    newest_first = [card for _, card in sorted(boards, key=lambda pair: (pair[0], pair[1].folder), reverse=True)]
    write_text(
        root / NAME,
        render(
            "index.html", scripts=(), styles=("base", "layout", "table", "index"), boards=newest_first, others=others
        ),
    )
    return root / NAME


def _board(folder: Path, board: Board) -> Card:
    split = board.splits[-1]
    methods = [e for e in board.rows if e.split == split and e.role == "method"]
    columns = shown(board, MAIN)
    return Card(
        folder=folder.name,
        description=_description(board),
        facts=_facts(board),
        findings=findings(board, split),
        heads=["Method", *(with_arrow(board, name, MAIN[name].document) for name in columns)],
        rows=[_row(entry, columns) for entry in methods[:NEAREST]],
        files=_files(folder),
    )


def _row(entry: Entry, columns: list[str]) -> list[str]:
    return [entry.method, *(cell_text(entry, name, "{}", " [{}, {}]") for name in columns)]


def _facts(board: Board) -> list[str]:
    methods = len(board.methods)
    dates = sorted(record.created[:10] for record in board.records)
    days = dates[0] if dates[0] == dates[-1] else f"{dates[0]} to {dates[-1]}"
    commits = [str(commit)[:10] for commit in board.provenance["commits"] if commit]
    several = any(len(entry.seeds) > 1 for entry in board.rows if entry.role == "method")
    return [
        x
        for x in (
            f"{methods} method{'s' * (methods != 1)}",
            seed_counts(board) if several else "",
            ", ".join(board.splits),
            days,
            "commit " + ", ".join(commits),
        )
        if x
    ]


def _description(board: Board) -> str:
    """That of the preset which the records name, as far as this version has it."""
    presets = {record.board for record in board.records}
    text = "; ".join(load_preset(name).description for name in sorted(presets) if name in preset_names())
    return f"{text[0].upper()}{text[1:]}." if text else ""


def _files(folder: Path) -> list[tuple[str, str]]:
    return [(f"{folder.name}/{file}", name) for file, name in FILES.items() if (folder / file).is_file()]
