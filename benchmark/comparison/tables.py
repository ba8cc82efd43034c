"""A comparison as CSV, Markdown and a table for the terminal."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from benchmark.common.files import as_csv, write_text
from benchmark.common.tables import markdown_table
from benchmark.comparison.compare import HEADLINE, Comparison, RowPair
from benchmark.comparison.order import Places
from benchmark.comparison.settings import Setting
from benchmark.comparison.texts import agreement_rows, difference_text, heading_of, how, places_text, summary
from benchmark.leaderboard.headings import MAIN
from benchmark.leaderboard.markdown import escaped

if TYPE_CHECKING:
    from rich.table import Table

HEAD = (
    "method", "split", "column", "a", "a_low", "a_high", "b", "b_low", "b_high", "kind", "difference", "low", "high",
    "interval", "place_a", "place_b", "set_a", "set_b", "overlap", "settings",
)  # fmt: skip
NARROW, LONGEST = 4, 14  # columns of numbers in a terminal, and characters of a name that stay on one line
READ = (
    "Differences are b seen from a: × the ratio of two distances, + or - the difference, decades the difference of log10 of two "
    "p-values; brackets: 95 % intervals, each by itself (unpaired ones are too wide where both boards have the same rows). "
    "Places: among the methods that are ranked on both boards, a → b"
)


def write(folder: Path, comparison: Comparison) -> list[Path]:
    """Write compare.csv (every column) and compare.md (the headline columns); the files."""
    write_text(folder / "compare.csv", csv_text(comparison))
    write_text(folder / "compare.md", markdown(comparison))
    return [folder / "compare.csv", folder / "compare.md"]


def csv_text(comparison: Comparison) -> str:
    """A line a row and column, full precision."""
    lines = []
    for row in comparison.rows:
        places = places_of(comparison, row)
        order = [None] * 5 if places is None else [places.a, places.b, places.set_a, places.set_b, places.overlap]
        texts = ["–".join(map(str, x)) if isinstance(x, tuple) else x for x in order]
        settings = "; ".join(f"{s.name}: {s.a} / {s.b}" for s in row.settings)
        for column, d in row.differences.items():
            cells = [entry.cells.get(column) for entry in (row.a, row.b)]
            numbers = [x for c in cells for x in ((None,) * 3 if c is None else (c.value, c.low, c.high))]
            gap = [d.kind, d.value, d.low, d.high, d.covers]
            lines.append([row.a.method, row.a.split, column, *numbers, *gap, *texts, settings])
    return as_csv(HEAD, lines)


def markdown(comparison: Comparison) -> str:
    """What differs, in words and in a table; then what the boards were made with."""
    columns, several = comparison.columns(HEADLINE), _several(comparison)
    heads = [
        "Method",
        *(["Split"] if several else []),
        *(heading_of(c) for c in columns),
        "Places",
        "Row's own settings",
    ]
    lines = [heads]
    for row in comparison.rows:
        split = [row.a.split] if several else []
        numbers = [both_texts(row, column) for column in columns]
        own = "; ".join(f"{s.name}: {s.a} → {s.b}" for s in row.settings)
        lines.append([row.a.method, *split, *numbers, places_text(places_of(comparison, row)), own])
    table, agreed = _lines(lines), agreement_rows(comparison)
    parts = [
        f"**{escaped(comparison.names[0])} (a) and {escaped(comparison.names[1])} (b)**",
        "\n".join(f"- {escaped(line)}" for line in summary(comparison)),
        f"{READ}; in brackets the places that each board's tests over authors leave open.",
        table,
        *(["**How alike the boards order the methods, by each column**", _lines(agreed)] if len(agreed) > 1 else []),
        "**Intervals**",
        "\n".join(f"- {escaped(line)}" for line in how(comparison)),
        "**What the boards were made with**",
        _settings_table(comparison.settings),
    ]
    return "\n\n".join(parts) + "\n"


def terminal_table(comparison: Comparison) -> Table:
    """The differences of the headline columns for a terminal of 80 columns; intervals on a line of their own."""
    from rich import box
    from rich.markup import escape
    from rich.table import Table

    columns, several = comparison.columns(HEADLINE), _several(comparison)
    columns = columns[:NARROW]
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, show_edge=False)
    table.add_column(
        "Method", overflow="fold", min_width=min(LONGEST, max(len(row.a.method) for row in comparison.rows))
    )
    if several:
        table.add_column("Split", no_wrap=True)
    for column in columns:
        table.add_column(MAIN[column].terminal if column in MAIN else heading_of(column), justify="right", no_wrap=True)
    table.add_column("Places", justify="right")
    for row in comparison.rows:
        numbers = [_short(difference_text(column, row.differences.get(column), "\n")) for column in columns]
        places = places_of(comparison, row)
        order = "-" if places is None else f"{places.a:g}>{places.b:g}{' *' if places.overlap is False else ''}"
        cells = [row.a.method, *([row.a.split] if several else []), *numbers, order]
        table.add_row(*(escape(cell) for cell in cells))
    return table


def agreement_table(comparison: Comparison) -> Table:
    """How alike the boards order the methods, by each column, for a terminal of 80 columns."""
    from rich import box
    from rich.table import Table

    # Without the last column: Spearman's says the same, and is in the documents.
    head, *rows = (line[:-1] for line in agreement_rows(comparison))
    table = Table(*head, box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, show_edge=False)
    for row in rows:
        table.add_row(*row)
    return table


def places_of(comparison: Comparison, row: RowPair) -> Places | None:
    """A row's places, where it is ranked on both boards."""
    order = next((order for order in comparison.orders if order.split == row.a.split), None)
    return order.places.get(row.a.method) if order is not None and row.a.role == "method" else None


def _short(text: str) -> str:
    return text.replace(" decades", " dec").replace("–", "-")


def _several(comparison: Comparison) -> bool:
    return len({row.a.split for row in comparison.rows}) > 1


def both_texts(row: RowPair, column: str) -> str:
    """ "1.00 → 0.50: ×0.50 [0.43, 0.58]"."""
    from benchmark.leaderboard.numbers import number

    values = " → ".join(number(column, entry.value(column)) for entry in (row.a, row.b))
    return f"{values}: {difference_text(column, row.differences.get(column))}"


def _settings_table(settings: list[Setting]) -> str:
    if not settings:
        return "Nothing that the records tell differs."
    return _lines([["", "a", "b"], *([s.name, s.a, s.b] for s in settings)])


def _lines(rows: list[list[str]]) -> str:
    """A Markdown table; the first row is its header."""
    head, *lines = ([escaped(cell) for cell in row] for row in rows)
    return markdown_table(head, lines, "l" * len(head))
