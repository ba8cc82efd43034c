"""``leaderboard.html``: a board as one file without a network."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from benchmark.common.files import write_text
from benchmark.leaderboard.board import Board
from benchmark.leaderboard.captions import caption, footnotes, minutes, signs
from benchmark.leaderboard.entries import Entry
from benchmark.leaderboard.headings import MAIN, WITH_INTERVAL, shown
from benchmark.leaderboard.numbers import cell_text
from benchmark.leaderboard.standing import claim_notes, sign, standing_lines, word
from benchmark.page.answers_page import NAME as ANSWERS
from benchmark.page.beside import sensitivity, sensitivity_path
from benchmark.page.columns import page_columns
from benchmark.page.course import course_data
from benchmark.page.details import details
from benchmark.page.families import FAMILIES
from benchmark.page.pair_tests import paired
from benchmark.page.picture import fronts, pictures
from benchmark.page.render import render
from benchmark.page.rows import Texts, row_ids, table_row
from benchmark.page.summary import findings
from metrics.calibration.headline import DISTANCE

NAME = "leaderboard.html"
SCRIPTS = ("start", "chart", "chart_lines", "chart_table", "cells", "export", "table", "columns", "compare", "ranks", "course", "sensitivity", "row", "row_parts", "main")  # fmt: skip
STYLES = ("base", "layout", "table", "pictures", "row", "print")


def write_page(folder: str | Path, board: Board, *, beside: str | Path | None = None) -> Path:
    """Write the board's page into ``folder``.

    Args:
        beside: the folder in which, or beside which, a sweep's sensitivity.csv lies; by default ``folder``.
    """
    folder = Path(folder)
    data = page_data(board, sensitivity_path(beside or folder))
    has_answers = (folder / ANSWERS).is_file()
    write_text(folder / NAME, page_text(board, data, has_answers))
    return folder / NAME


def page_data(board: Board, trials: Path | None = None) -> dict[str, Any]:
    """All that the page's scripts read, as JSON values."""
    columns = page_columns(board)
    names = [column["name"] for column in columns]
    covers, shared, ids, pairs = Texts(), Texts(), row_ids(board.rows), paired(board)
    front = fronts(board)
    rows = []
    for entry in board.rows:
        key = (entry.split, entry.method)
        row = table_row(entry, names, covers, board.standings.get(key)) | {"id": ids[key], "front": key in front}
        rows.append(row | {"detail": details(board, entry, pairs.get(key, []), shared)})
    return {
        "board": board.name,
        "made": board.made,
        "splits": board.splits,
        "headline": DISTANCE,
        "checked": bool(board.standings),
        "families": FAMILIES,
        "columns": columns,
        "rows": rows,
        "covers": covers.known,
        "machines": shared.known,
        "course": course_data(board, ids),
        "sensitivity": sensitivity(trials),
    }


def page_text(board: Board, data: dict[str, Any], has_answers: bool = False) -> str:
    """The page; its headline table, findings and picture are there without any script."""
    ids = row_ids(board.rows)
    columns = shown(board, MAIN)
    about = {column["name"]: column for column in data["columns"]}
    return render(
        "board.html",
        scripts=SCRIPTS,
        styles=STYLES,
        data=data,
        board=board,
        caption=caption(board),
        footnotes=[*footnotes(board), *standing_lines(board)],
        findings={split: findings(board, split) for split in board.splits},
        pictures=pictures(board, ids),
        heads=[_head(about[name]) for name in columns],
        blocks=[
            (
                group[0],
                [
                    (ids[e.split, e.method], e, signs(e), minutes(e), _texts(board, e, columns), word(board, e))
                    for e in group
                ],
            )
            for group in board.blocks()
        ],
        claims=claim_notes(board),
        methods=len(board.methods),
        ids=ids,
        answers=ANSWERS if has_answers else "",
    )


def _head(about: dict[str, Any]) -> dict[str, str]:
    return {"text": f"{about['heading']} {about['arrow']}".strip(), "title": about["text"]}


def _texts(board: Board, entry: Entry, columns: list[str]) -> list[tuple[str, bool]]:
    """Each cell's text, and whether it is bold."""
    texts = []
    for name in columns:
        interval = " [{}, {}]" if name in WITH_INTERVAL else ""
        texts.append(
            (cell_text(entry, name, "{}", interval) + sign(board, entry, name), name == DISTANCE and entry.is_best)
        )
    return texts
