"""A board beside published numbers, as tables."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal

from benchmark.common.files import as_csv
from benchmark.common.tables import markdown_table
from benchmark.comparison.published import NUMBERS, TEXTS, Beside, Published, is_alike
from benchmark.leaderboard.entries import Entry
from benchmark.leaderboard.markdown import escaped
from benchmark.leaderboard.numbers import number

if TYPE_CHECKING:
    from rich.table import Table

HEADS = ("Row", "From", "Model", "Forget quality", "Model utility", "Note")
HERE = "this board"


def _lines(made: Beside) -> Iterator[tuple[str, list[str]]]:
    """(split, cells under ``HEADS``) of each published row and of the board's beside it."""
    for line, entries in made.rows:
        alike = is_alike(line, made.board, made.model)
        numbers = [number(column, getattr(line, column)) for column in NUMBERS]
        yield line.split, [line.row, line.source, line.model, *numbers, line.note]
        for entry in entries:
            own = [number(column, entry.value(column)) for column in NUMBERS]
            yield line.split, [f"  {entry.method}", HERE, made.model, *own, _gap(line, entry) if alike else ""]


def lines_by_split(made: Beside) -> dict[str, list[tuple[bool, list[str]]]]:
    """Split -> (whether it is this board's, cells under ``HEADS``) of each line."""
    tables: dict[str, list[tuple[bool, list[str]]]] = {}
    for split, cells in _lines(made):
        ours = cells[0].startswith("  ")
        tables.setdefault(split, []).append((ours, [cells[0].strip(), *cells[1:]]))
    return tables


def _gap(line: Published, entry: Entry) -> str:
    ours = entry.value("model_utility")
    return "" if ours is None or line.model_utility is None else f"utility {ours - line.model_utility:+.3f}"


def terminal_table(made: Beside) -> list[Table]:
    """A table a split."""
    from rich import box
    from rich.markup import escape
    from rich.table import Table

    tables: dict[str, Table] = {}
    for split, cells in _lines(made):
        if split not in tables:
            tables[split] = Table(title=escape(split), box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
            for head in HEADS:
                side: Literal["right", "left"] = "right" if head in HEADS[3:5] else "left"
                tables[split].add_column(head, justify=side, overflow="fold", no_wrap=head in (HEADS[0], *HEADS[3:5]))
        tables[split].add_row(*(escape(cell).replace("–", "-") for cell in cells))
    return list(tables.values())


def markdown(made: Beside) -> str:
    """What makes the numbers different things, then a table a split."""
    parts = [
        f"**{escaped(made.name)} beside {escaped(made.file)}**",
        "\n".join(f"- {escaped(d)}" for d in made.differences),
    ]
    for split, own in lines_by_split(made).items():
        lines = [["↳ " * ours + escaped(cells[0]), *map(escaped, cells[1:])] for ours, cells in own]
        parts += [f"**{escaped(split)}**", markdown_table(HEADS, lines, "lllrrl")]
    return "\n\n".join(parts) + "\n"


def csv_text(made: Beside) -> str:
    """A line a published row and row beside it; a published row without any has a line of its own."""
    head = [
        *TEXTS,
        *NUMBERS,
        "note",
        "board",
        "board_model",
        "method",
        *(f"board_{column}" for column in NUMBERS),
        "alike",
    ]
    lines = []
    for line, entries in made.rows:
        published = [*(getattr(line, name) for name in (*TEXTS, *NUMBERS)), line.note]
        alike = is_alike(line, made.board, made.model)
        beside: list[Entry] | list[None] = entries or [None]
        for entry in beside:
            own = [None] * 3 if entry is None else [entry.method, *(entry.value(column) for column in NUMBERS)]
            lines.append([*published, made.name, made.model, *own, alike])
    return as_csv(head, lines)
