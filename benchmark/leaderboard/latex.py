"""A board as a LaTeX table."""

from __future__ import annotations

import re

from benchmark.leaderboard.board import Board
from benchmark.leaderboard.captions import caption, footnotes, signs, status
from benchmark.leaderboard.entries import Entry
from benchmark.leaderboard.headings import HEADINGS, lead, shown, with_arrow
from benchmark.leaderboard.numbers import cell_text

SYMBOLS = {
    "↑": r"$\uparrow$", "↓": r"$\downarrow$", "→": r"$\rightarrow$",
    "–": "--", "†": r"$^\dagger$", "‡": r"$^\ddagger$", "§": r"$^\S$",
}  # fmt: skip
SPECIAL = {
    "\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
    "<": r"\textless{}", ">": r"\textgreater{}", "|": r"\textbar{}", **{c: f"\\{c}" for c in "&%$#_{}"},
}  # fmt: skip


def latex(board: Board) -> str:
    r"""A ``table`` environment for a document with ``\usepackage{booktabs}``."""
    before, columns = lead(board), shown(board)
    before_groups = len(before) + columns.index("forget_probability")
    groups = [*[""] * before_groups, r"\multicolumn{3}{c}{Forget}", r"\multicolumn{2}{c}{Retain}", ""]
    first = before_groups + 1  # LaTeX counts columns from 1
    heads = [_symbols(with_arrow(board, metric, HEADINGS[metric].latex)) for metric in columns]
    body = []
    for block in board.blocks():
        body += [r"\midrule", *(_entry_line(board, entry, columns) for entry in block)]
    text = " ".join([f"{escape(board.name)}: {escape(caption(board))}", *map(escape, footnotes(board))])
    lines = [
        *(f"% {line}" for line in _provenance(board)),
        r"\begin{table}[t]",
        r"\centering",
        rf"\caption{{{_symbols(text)}}}",
        rf"\label{{tab:{re.sub('[^A-Za-z0-9]+', '-', board.name).strip('-')}}}",
        r"\footnotesize",
        r"\setlength{\tabcolsep}{3pt}",
        rf"\begin{{tabular}}{{{'l' * len(before)}{'r' * len(columns)}l}}",
        r"\toprule",
        _line(groups),
        rf"\cmidrule(lr){{{first}-{first + 2}}}\cmidrule(lr){{{first + 3}-{first + 4}}}",
        _line([*before, *heads, "Status"]),
        *body,
        r"\bottomrule",
        r"\end{tabular}",
        r"\end{table}",
    ]
    return "\n".join(lines) + "\n"


def escape(text: str) -> str:
    """Text as LaTeX shows it."""
    return "".join(SPECIAL.get(character, character) for character in text)


def _entry_line(board: Board, entry: Entry, columns: list[str]) -> str:
    cells = [cell_text(board, entry, metric, r"\textbf{{{}}}", r" {{\scriptsize [{}, {}]}}") for metric in columns]
    numbers = [re.sub(r"e-(\d)", r"e$-$\1", text).replace("<", "$<$") for text in map(_symbols, cells)]
    split = [escape(entry.split)] if "Split" in lead(board) else []
    return _line([escape(entry.method) + _symbols(signs(entry)), *split, *numbers, escape(status(entry))])


def _line(cells: list[str]) -> str:
    return " & ".join(cells) + r" \\"


def _symbols(text: str) -> str:
    return "".join(SYMBOLS.get(character, character) for character in text)


def _provenance(board: Board) -> list[str]:
    """Lines for a comment; each on one line, whatever the records hold."""
    known = board.provenance
    machines = [", ".join(f"{key} {value}" for key, value in (m or {}).items()) for m in known["hardware"]]
    packages = [f"{name} {'/'.join(map(str, versions))}" for name, versions in known["packages"].items()]
    lines = [
        f"board: {board.name}",
        f"commits: {', '.join(map(str, known['commits']))}",
        f"uncommitted changes: {', '.join(map(str, known['dirty']))}",
        f"packages: {', '.join(packages)}",
        *(f"hardware: {machine}" for machine in machines),
    ]
    return [" ".join(line.split()) for line in lines]
