"""``compare.html`` and ``published.html``: a comparison as one file without a network, made like a board's page."""

from __future__ import annotations

from pathlib import Path

from benchmark.common.files import write_text
from benchmark.comparison.compare import HEADLINE, Comparison, RowPair
from benchmark.comparison.order import Order
from benchmark.comparison.page_data import board_facts, compare_data
from benchmark.comparison.published import Beside
from benchmark.comparison.published_tables import HEADS, lines_by_split
from benchmark.comparison.tables import READ, both_texts, places_of
from benchmark.comparison.texts import (
    agreement_rows,
    correlation_text,
    heading_of,
    how,
    overlap_text,
    places_text,
    summary,
    telling,
)
from benchmark.leaderboard.headings import words
from benchmark.page.render import render
from benchmark.page.rows import row_ids
from benchmark.page.summary import Finding

NAME, PUBLISHED = "compare.html", "published.html"
SCRIPTS = (
    "start", "chart", "chart_lines", "chart_table", "cells", "export", "table", "columns", "compare", "orders", "row", "compare_row", "compare_main",
)  # fmt: skip
STYLES = ("base", "layout", "table", "pictures", "row", "print")


def write_page(folder: Path, comparison: Comparison) -> Path:
    """Write compare.html; its path."""
    write_text(folder / NAME, page_text(comparison))
    return folder / NAME


def page_text(comparison: Comparison) -> str:
    """The page; its findings and the table of headline columns are there without any script."""
    columns = comparison.columns(HEADLINE)
    ids = row_ids(row.a for row in comparison.rows)
    return render(
        "compare.html",
        scripts=SCRIPTS,
        styles=STYLES,
        data=compare_data(comparison),
        names=comparison.names,
        facts=[board_facts(board) for board in (comparison.a, comparison.b)],
        findings=_findings(comparison),
        heads=[heading_of(column) for column in columns],
        several=len({row.a.split for row in comparison.rows}) > 1,
        rows=[(ids[row.a.split, row.a.method], row, _texts(comparison, row, columns)) for row in comparison.rows],
        read=READ,
        agreed=agreement_rows(comparison),
        summary=summary(comparison),
        how=how(comparison),
        settings=comparison.settings,
    )


def _texts(comparison: Comparison, row: RowPair, columns: list[str]) -> list[str]:
    return [*(both_texts(row, column) for column in columns), places_text(places_of(comparison, row))]


def _findings(comparison: Comparison) -> list[Finding]:
    """Of each split its orders and who changed places, then the intervals."""
    made = [finding for order in comparison.orders for finding in _of_order(order, len(comparison.orders) > 1)]
    outside, count = telling(comparison)
    if count:
        text = f"intervals of the headline columns exclude no difference; of as many equal ones about {count / 20:.0f} would by chance."
        made.append(Finding("Differences", f"{len(outside)} of {count}", text))
    return made


def _of_order(order: Order, several: bool) -> list[Finding]:
    where = f", {order.split}" if several else ""
    tau = "–" if order.tau.value is None else f"{order.tau.value:.2f}"
    return [
        Finding(f"Order{where}", tau, f"Kendall's tau-b of {len(order.places)} methods by {words(order.by)}: "
                f"{correlation_text(order.tau)}. Spearman's rho: {correlation_text(order.rho)}."),
        Finding(f"Places{where}", f"{len(order.moved)} of {len(order.places)}", f"methods change places; {overlap_text(order)}."),
    ]  # fmt: skip


def write_published_page(folder: Path, made: Beside) -> Path:
    """Write published.html, a board beside published numbers; its path."""
    text = render(
        "published.html", scripts=(), styles=("base", "layout", "table", "print"),
        name=made.name, file=made.file, differences=made.differences, heads=HEADS, splits=lines_by_split(made),
    )  # fmt: skip
    write_text(folder / PUBLISHED, text)
    return folder / PUBLISHED
