"""``compare``: two boards beside each other, or a board beside published numbers."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from benchmark.common.console import out, user_errors
from benchmark.common.errors import UserError


def compare(
    folder: Annotated[Path, typer.Argument(help="a board's folder: a")],
    other: Annotated[Path | None, typer.Argument(help="another one: b")] = None,
    published: Annotated[Path | None, typer.Option(help="a CSV of published numbers, instead of b")] = None,
    out_path: Annotated[Path | None, typer.Option("--out", help="a folder for compare.html, .csv and .md")] = None,
) -> None:
    """Compare two boards row by row: differences with intervals, orders, and what they were made with."""
    with user_errors():
        if (other is None) == (published is None):
            raise UserError("compare takes two boards' folders, or one and --published FILE.csv")
        if other is not None:
            _boards(folder, other, out_path)
        elif published is not None:
            _published(folder, published, out_path)


def _boards(folder: Path, other: Path, out_path: Path | None) -> None:
    from benchmark.comparison.compare import compare as compared
    from benchmark.comparison.page import write_page
    from benchmark.comparison.tables import READ, agreement_table, terminal_table, write
    from benchmark.comparison.texts import how, summary
    from benchmark.leaderboard.build import build

    comparison = compared(build(folder), build(other), (str(folder), str(other)))
    out.print(f"a: {folder}\nb: {other}\n")
    out.print(terminal_table(comparison), markup=True)
    out.print(f"\n{READ}; *: the places that tests leave open do not meet.\n")
    if comparison.agreements:
        out.print(agreement_table(comparison))
    out.print("\n".join([*summary(comparison), *how(comparison)]))
    out.print(
        "\n".join(f"{s.name}: {s.a} (a), {s.b} (b)" for s in comparison.settings) or "made with the same settings"
    )
    if out_path is not None:
        made = [*write(out_path, comparison), write_page(out_path, comparison)]
        out.print(f"written: {', '.join(map(str, made))}")


def _published(folder: Path, file: Path, out_path: Path | None) -> None:
    from benchmark.common.files import write_text
    from benchmark.comparison.page import write_published_page
    from benchmark.comparison.published import beside, read_published
    from benchmark.comparison.published_tables import csv_text, markdown, terminal_table
    from benchmark.leaderboard.build import build

    made = beside(build(folder), read_published(file), str(folder), file.name)
    for table in terminal_table(made):
        out.print(table, markup=True)
    out.print("\n".join(made.differences))
    if out_path is not None:
        write_text(out_path / "published.csv", csv_text(made))
        write_text(out_path / "published.md", markdown(made))
        write_published_page(out_path, made)
        out.print(f"written: {out_path}/published.csv, .md, .html")
