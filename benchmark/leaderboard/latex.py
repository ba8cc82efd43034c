"""A board as a LaTeX table."""

from __future__ import annotations

import re
from collections.abc import Collection

from benchmark.leaderboard.board import Board
from benchmark.leaderboard.captions import caption, footnotes, minutes, signs, status
from benchmark.leaderboard.entries import Entry
from benchmark.leaderboard.headings import DETAILS, MAIN, WITH_INTERVAL, Heading, lead, shown, with_arrow
from benchmark.leaderboard.numbers import cell_text
from benchmark.leaderboard.standing import SIGN, sign, standing_sentence

SYMBOLS = {
    "↑": r"$\uparrow$", "↓": r"$\downarrow$", "→": r"$\rightarrow$",
    "–": "--", "†": r"$^\dagger$", "‡": r"$^\ddagger$", "§": r"$^\S$", SIGN: r"$^\circ$",
}  # fmt: skip
SPECIAL = {
    "\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
    "<": r"\textless{}", ">": r"\textgreater{}", "|": r"\textbar{}", **{c: f"\\{c}" for c in "&%$#_{}"},
}  # fmt: skip

# Made smaller where it is wider than the line or higher than what a caption leaves of a page, and never larger.
FITTED = r"\begin{adjustbox}{max width=\linewidth, max totalheight=0.6\textheight}"


def latex(board: Board) -> str:
    r"""Two ``table`` environments, main table and details, for a document with ``\usepackage{booktabs,adjustbox}``."""
    text = " ".join([f"{board.name}: {caption(board)}", *footnotes(board), standing_sentence(board)]).rstrip()
    lines = [*comments(board), *table(board, MAIN, text, ["Min.", "Status"])]
    if shown(board, DETAILS):
        lines += ["", *table(board, DETAILS, f"{board.name}: details.", suffix="-details")]
    return "\n".join(lines) + "\n"


def table(
    board: Board,
    table: dict[str, Heading],
    text: str,
    last: Collection[str] = (),
    suffix: str = "",
    with_interval: Collection[str] = WITH_INTERVAL,
) -> list[str]:
    """The lines of one ``table`` environment.

    Args:
        table: its columns, of which those are shown that the board has.
        text: the caption, as plain text.
        last: headings of minutes and status, or none.
        suffix: of the label, ``tab:<board>``.
        with_interval: columns whose numbers have their interval behind them.
    """
    before, columns = lead(board), shown(board, table)
    heads = [_symbols(with_arrow(board, metric, escape(table[metric].document))) for metric in columns]
    body = []
    width = len(before) + len(columns) + len(last)
    for block in board.blocks():
        name = rf"\multicolumn{{{width}}}{{l}}{{\emph{{{escape(block[0].block)}}}}} \\"
        body += [r"\midrule", *[name] * (len(board.blocks()) > 1)]
        body += [_entry_line(board, entry, columns, bool(last), with_interval) for entry in block]
    return [
        r"\begin{table}[t]",
        r"\centering",
        r"\setlength{\belowcaptionskip}{4pt}",
        rf"\caption{{{plain(text)}}}",
        rf"\label{{tab:{label(board)}{suffix}}}",
        r"\footnotesize",
        r"\setlength{\tabcolsep}{3pt}",
        FITTED,
        rf"\begin{{tabular}}{{{'l' * len(before)}{'r' * len(columns)}{'rl' * bool(last)}}}",
        r"\toprule",
        _line([*before, *heads, *last]),
        *body,
        r"\bottomrule",
        r"\end{tabular}",
        r"\end{adjustbox}",
        r"\end{table}",
    ]


def label(board: Board) -> str:
    """The board's name as a part of a label."""
    return re.sub("[^A-Za-z0-9]+", "-", board.name).strip("-")


def plain(text: str) -> str:
    """Text with the signs of a board's captions, as LaTeX shows it."""
    return _symbols(escape(text))


def escape(text: str) -> str:
    """Text as LaTeX shows it."""
    return "".join(SPECIAL.get(character, character) for character in text)


def _entry_line(
    board: Board, entry: Entry, columns: list[str], with_status: bool, with_interval: Collection[str]
) -> str:
    bold, interval = r"\textbf{{{}}}", r" {{\scriptsize [{}, {}]}}"
    cells = [cell_text(entry, metric, bold, interval, with_interval) + sign(board, entry, metric) for metric in columns]
    numbers = [re.sub(r"e-(\d)", r"e$-$\1", text).replace("<", "$<$") for text in map(_symbols, cells)]
    numbers = [re.sub(r"(^|\[|, )-(\d)", r"\1$-$\2", text) for text in numbers]
    split = [escape(entry.split)] if "Split" in lead(board) else []
    last = [_symbols(minutes(entry)), escape(status(entry))] if with_status else []
    return _line([escape(entry.method) + _symbols(signs(entry)), *split, *numbers, *last])


def _line(cells: list[str]) -> str:
    return " & ".join(cells) + r" \\"


def _symbols(text: str) -> str:
    return "".join(SYMBOLS.get(character, character) for character in text)


def comments(board: Board) -> list[str]:
    """What the document needs, and provenance, as LaTeX comments; each on one line, whatever the records hold."""
    known = board.provenance
    machines = [", ".join(f"{key} {value}" for key, value in (m or {}).items()) for m in known["hardware"]]
    packages = [f"{name} {'/'.join(map(str, versions))}" for name, versions in known["packages"].items()]
    lines = [
        r"needs \usepackage{booktabs,adjustbox}",
        f"board: {board.name}",
        f"commits: {', '.join(map(str, known['commits']))}",
        f"uncommitted changes: {', '.join(map(str, known['dirty']))}",
        f"packages: {', '.join(packages)}",
        *(f"hardware: {machine}" for machine in machines),
    ]
    return [f"% {' '.join(line.split())}" for line in lines]
