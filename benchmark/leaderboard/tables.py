"""A board for readers: Markdown, LaTeX and the terminal."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from benchmark.leaderboard.cells import AND_SEEDS

if TYPE_CHECKING:
    from rich.table import Table

    from benchmark.leaderboard.build import Board
    from benchmark.leaderboard.entries import Entry

# Metric -> its head in Markdown, in LaTeX (under "Forget" and "Retain" there) and in the terminal.
SHOWN = {
    "forget_quality": ("Forget quality", "Forget quality", "Quality"),
    "forget_quality_test_authors": ("Test authors", "Test authors", ""),
    "ks_statistic": ("D", "$D$", "D"),
    "model_utility": ("Model utility", "Model utility", "Utility"),
    "forget_probability": ("Forget prob.", "Prob.", "Forget\nprob"),
    "forget_rouge": ("Forget ROUGE", "ROUGE", "Forget\nROUGE"),
    "forget_truth_ratio": ("Forget truth ratio", "Truth ratio", "Forget\ntruth"),
    "retain_probability": ("Retain prob.", "Prob.", "Retain\nprob"),
    "retain_rouge": ("Retain ROUGE", "ROUGE", "Retain\nROUGE"),
}
WHERE_MEASURED = "forget_quality_test_authors"  # shown only on boards that have it
NOT_IN_TERMINALS = ("forget_quality_test_authors", "retain_rouge")  # two columns too many for 80 characters
P_VALUES = ("forget_quality", "forget_quality_test_authors")
BEST = {"forget_quality": "forget quality", "model_utility": "model utility"}  # the best is bold
ARROWS = {"higher": "↑", "lower": "↓", "target": "→"}
DAGGERS = {"dirty": "†", "partial": "‡"}
STARS = {"dirty": "*", "partial": "+"}  # for terminals without daggers
MEANING = {"dirty": "made by code with uncommitted changes", "partial": "only some of the rows were scored"}
TEX_SYMBOLS = {
    "↑": r"$\uparrow$", "↓": r"$\downarrow$", "→": r"$\rightarrow$",
    "–": "--", "†": r"$^\dagger$", "‡": r"$^\ddagger$",
}  # fmt: skip
TEX_SPECIAL = {
    "\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
    "<": r"\textless{}", ">": r"\textgreater{}", "|": r"\textbar{}", **{c: f"\\{c}" for c in "&%$#_{}"},
}  # fmt: skip


def markdown(board: Board) -> str:
    """A table with a caption; intervals for forget quality and model utility, the best method's in bold."""
    several = len(splits(board)) > 1
    lead = ["Method", "Split"] if several else ["Method"]
    columns = shown(board)
    heads = [_head(board, m, SHOWN[m][0]) for m in columns]
    lines = [[*lead, *heads, "Status"], ["---"] * len(lead) + ["---:"] * len(columns) + ["---"]]
    for row in board.rows:
        name = re.sub(r"([\\|*<`])", r"\\\1", row.method) + "".join(DAGGERS[mark] for mark in row.marks)
        numbers = [_value(board, row, m, "**{}**", " [{}, {}]") for m in columns]
        lines.append([name, *([row.split] if several else []), *numbers, status(row)])
    table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    return "\n\n".join([f"**{board.name}**: {caption(board)}", table, *_feet(board)]) + "\n"


def latex(board: Board) -> str:
    r"""A ``table`` environment for a document with ``\usepackage{booktabs}``."""
    lead = ["Method", "Split"] if len(splits(board)) > 1 else ["Method"]
    columns = shown(board)
    before_groups = len(lead) + columns.index("forget_probability")
    groups = [*[""] * before_groups, r"\multicolumn{3}{c}{Forget}", r"\multicolumn{2}{c}{Retain}", ""]
    at = before_groups + 1  # LaTeX counts columns from 1
    heads = [_symbols(_head(board, m, SHOWN[m][1])) for m in columns]
    body = []
    for before, row in zip([None, *board.rows], board.rows, strict=False):
        if _new_block(before, row):
            body.append(r"\midrule")
        name = escape(row.method) + "".join(_symbols(DAGGERS[mark]) for mark in row.marks)
        numbers = [_value(board, row, m, r"\textbf{{{}}}", r" {{\scriptsize [{}, {}]}}") for m in columns]
        numbers = [re.sub(r"e-(\d)", r"e$-$\1", text).replace("<", "$<$") for text in map(_symbols, numbers)]
        split = [escape(row.split)] if len(lead) > 1 else []
        body.append(_tex_line([name, *split, *numbers, escape(status(row))]))
    said = " ".join([f"{escape(board.name)}: {escape(caption(board))}", *map(escape, _feet(board))])
    lines = [
        *(f"% {line}" for line in _provenance(board)),
        r"\begin{table}[t]",
        r"\centering",
        rf"\caption{{{_symbols(said)}}}",
        rf"\label{{tab:{re.sub('[^A-Za-z0-9]+', '-', board.name).strip('-')}}}",
        r"\footnotesize",
        r"\setlength{\tabcolsep}{3pt}",
        rf"\begin{{tabular}}{{{'l' * len(lead)}{'r' * len(columns)}l}}",
        r"\toprule",
        _tex_line(groups),
        rf"\cmidrule(lr){{{at}-{at + 2}}}\cmidrule(lr){{{at + 3}-{at + 4}}}",
        _tex_line([*lead, *heads, "Status"]),
        r"\midrule",
        *body,
        r"\bottomrule",
        r"\end{tabular}",
        r"\end{table}",
    ]
    return "\n".join(lines) + "\n"


def terminal_table(board: Board) -> Table:
    """The board for a terminal of 80 columns."""
    from rich import box
    from rich.markup import escape as plain
    from rich.table import Table

    several = len(splits(board)) > 1
    title = board.name if several else f"{board.name}, {', '.join(splits(board))}"
    foot = " ".join(["Quality (a p-value), Utility: higher is better; D: lower.", *_feet(board, STARS)])
    table = Table(
        title=plain(title),
        caption=foot,
        box=box.SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
        pad_edge=False,
        show_edge=False,
    )
    longest = max((len(row.method) for row in board.rows), default=0)
    table.add_column("Method", overflow="fold", min_width=min(longest, 14))  # methods' names stay whole, settings fold
    if several:
        table.add_column("Split", no_wrap=True)
    columns = [metric for metric in SHOWN if metric not in NOT_IN_TERMINALS]
    for metric in columns:
        table.add_column(SHOWN[metric][2], justify="right", no_wrap=True)
    table.add_column("Status", no_wrap=True)
    for before, row in zip([None, *board.rows], board.rows, strict=False):
        if _new_block(before, row):
            table.add_section()
        numbers = [_value(board, row, m, "[bold]{}[/bold]").replace("–", "-") for m in columns]
        state = status(row) + "".join(STARS[mark] for mark in row.marks)
        table.add_row(plain(row.method), *([plain(row.split)] if several else []), *numbers, plain(state))
    return table


def shown(board: Board) -> list[str]:
    """The metrics that have a column."""
    return [m for m in SHOWN if m != WHERE_MEASURED or any(row.value(m) is not None for row in board.rows)]


def number(metric: str, value: float | None) -> str:
    """Two digits for p-values, which span hundreds of decades (0.53, 1.2e-8), three decimals for the rest."""
    if value is None:
        return "–"
    if metric not in P_VALUES:
        return f"{value:.3f}"
    if value >= 0.01:
        return f"{value:.2f}"
    digits, _, exponent = f"{value:.1e}".partition("e")
    return f"{digits}e{int(exponent)}" if value else "<1e-300"


def caption(board: Board) -> str:
    """What is counted, what the brackets hold, and which way is better."""
    rows = [
        f"{_span(row.n for row in board.rows if row.split == split)} forget rows ({split})" for split in splits(board)
    ]
    seeds = _span(len(row.seeds) for row in board.rows)
    parts = [f"n = {', '.join(rows)}; {seeds} {'seed' if seeds == '1' else 'seeds'} a row."]
    covers = {name: _covered(board, metric) for metric, name in BEST.items()}
    if said := [f"{name} over {what}" for name, what in covers.items() if what]:
        parts.append(f"Brackets: 95 % intervals, {', '.join(said)}.")
    if WHERE_MEASURED in shown(board):
        parts.append("Test authors: forget quality on the forget authors that no sweep has read.")
    parts.append("↑ higher is better, ↓ lower is better, → nearer to retrained is better. Bold: best method.")
    return " ".join(parts)


def status(row: Entry) -> str:
    """How the row's runs went, and whether they were somebody else's."""
    return row.status if row.source == "run" else f"{row.status} ({row.source})"


def splits(board: Board) -> list[str]:
    """The board's splits in the order of its rows."""
    return list(dict.fromkeys(row.split for row in board.rows))


def best(board: Board, metric: str, split: str) -> float | None:
    """The best value of a split's methods; those that diverged, failed or are partial do not count."""
    values = [row.value(metric) for row in board.rows if row.split == split and _is_sound(row)]
    return max((value for value in values if value is not None), default=None)


def _is_sound(row: Entry) -> bool:
    return not row.is_reference and row.status == "ok" and "partial" not in row.marks


def escape(text: str) -> str:
    """Text as LaTeX shows it."""
    return "".join(TEX_SPECIAL.get(character, character) for character in text)


def _value(board: Board, row: Entry, metric: str, bold: str, interval: str = "") -> str:
    text = number(metric, row.value(metric))
    if metric not in BEST:
        return text
    if _is_sound(row) and row.value(metric) is not None and row.value(metric) == best(board, metric, row.split):
        text = bold.format(text)
    cell = row.cells[metric]
    limits = [number(metric, cell.low), number(metric, cell.high)]
    return text + interval.format(*limits) if interval and cell.low is not None else text


def _head(board: Board, metric: str, text: str) -> str:
    return f"{text} {ARROWS.get(board.columns[metric].get('direction', ''), '')}".strip()


def _feet(board: Board, signs: dict[str, str] = DAGGERS) -> list[str]:
    return [f"{sign} {MEANING[m]}." for m, sign in signs.items() if any(m in row.marks for row in board.rows)]


def _new_block(before: Entry | None, row: Entry) -> bool:
    return before is not None and (before.split, before.is_reference) != (row.split, row.is_reference)


def _span(counts: Iterable[int | None]) -> str:
    known = sorted({count for count in counts if count is not None})
    return "no" if not known else str(known[0]) if len(known) == 1 else f"{known[0]} to {known[-1]}"


def _covered(board: Board, metric: str) -> str:
    found = [row.cells[metric].covers for row in board.rows if row.cells[metric].low is not None]
    own = dict.fromkeys(covers.removesuffix(AND_SEEDS) for covers in found)
    several = " (and seeds, where a row has several)" if any(covers.endswith(AND_SEEDS) for covers in found) else ""
    return re.sub(r"(\w+): (\w+)", r"\2 of \1", " or ".join(own)).replace(";", ",") + several


def _symbols(text: str) -> str:
    return "".join(TEX_SYMBOLS.get(character, character) for character in text)


def _tex_line(cells: list[str]) -> str:
    return " & ".join(cells) + r" \\"


def _provenance(board: Board) -> list[str]:
    """Lines for a comment; each on one line, whatever the records hold."""
    known = board.provenance
    machines = [", ".join(f"{key} {value}" for key, value in (m or {}).items()) for m in known["hardware"]]
    packages = [f"{name} {'/'.join(map(str, found))}" for name, found in known["packages"].items()]
    lines = [
        f"board: {board.name}",
        f"commits: {', '.join(map(str, known['commits']))}",
        f"uncommitted changes: {', '.join(map(str, known['dirty']))}",
        f"packages: {', '.join(packages)}",
        *(f"hardware: {machine}" for machine in machines),
    ]
    return [" ".join(line.split()) for line in lines]
