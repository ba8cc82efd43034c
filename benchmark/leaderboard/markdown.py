"""A board as Markdown tables: what it says, and below it the details."""

from __future__ import annotations

import re

from benchmark.common.tables import markdown_table
from benchmark.leaderboard.board import Board
from benchmark.leaderboard.captions import caption, footnotes, minutes, signs, status
from benchmark.leaderboard.entries import Entry
from benchmark.leaderboard.headings import DETAILS, MAIN, Heading, lead, shown, with_arrow
from benchmark.leaderboard.numbers import cell_text
from benchmark.leaderboard.reported import reported, reported_markdown
from benchmark.leaderboard.standing import HEAD, claim_notes, sign, standing_lines, word

SPECIAL = re.compile(r"[\\|*<`]|\[(?=[^\]]*\](\(|\[|:))")  # what Markdown would act on: of brackets those of a link


def markdown(board: Board) -> str:
    """The main table with a caption and intervals, the nearest methods in bold, and the table of details."""
    main = main_table(board, MAIN)
    parts = [f"**{escaped(board.name)}**: {caption(board)}", main, *footnotes(board), *standing_lines(board)]
    if shown(board, DETAILS):
        parts += ["**Details**", _table(board, DETAILS, "", [])]
    if notes := [*board.notes, *claim_notes(board)]:
        parts += ["**Notes**", "\n".join(f"- {escaped(note)}" for note in notes)]
    stated = reported_markdown(reported(board.records))
    return "\n\n".join([*parts, stated.rstrip()] if stated else parts) + "\n"


def main_table(board: Board, table: dict[str, Heading]) -> str:
    """The rows with these columns and their intervals, minutes and status."""
    return _table(board, table, " [{}, {}]", ["Minutes", "Status", *([HEAD] if board.standings else [])])


def escaped(text: str) -> str:
    """A text of somebody else's as one line in which Markdown acts on nothing."""
    return SPECIAL.sub(r"\\\g<0>", " ".join(text.splitlines()))


def _table(board: Board, table: dict[str, Heading], interval: str, last: list[str]) -> str:
    before, columns = lead(board), shown(board, table)
    heads = [with_arrow(board, metric, table[metric].document) for metric in columns]
    right = len(columns) + ("Minutes" in last)
    head, lines = [*before, *heads, *last], []
    for block in board.blocks():
        if len(board.blocks()) > 1:
            lines.append([f"*{block[0].block}*", *[""] * (len(head) - 1)])
        lines += [_line(board, entry, columns, interval, last) for entry in block]
    return markdown_table(head, lines, f"{'l' * len(before)}{'r' * right}{'l' * len(last[1:])}")


def _line(board: Board, entry: Entry, columns: list[str], interval: str, last: list[str]) -> list[str]:
    name = escaped(entry.method) + signs(entry)
    split = [escaped(entry.split)] if "Split" in lead(board) else []
    numbers = [cell_text(entry, metric, "**{}**", interval) + sign(board, entry, metric) for metric in columns]
    return [name, *split, *numbers, *[minutes(entry), status(entry), word(board, entry)][: len(last)]]
