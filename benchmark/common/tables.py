"""Tables in Markdown for reading; those of simulations in CSV for using, too."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from benchmark.common.errors import UserError
from benchmark.common.files import atomic_path

if TYPE_CHECKING:
    import pandas as pd


def markdown_table(head: Sequence[str], rows: Iterable[Sequence[str]], align: str) -> str:
    """A table's lines; ``align`` has a letter a column, "l" for texts or "r" for numbers."""
    rule = [{"l": "---", "r": "---:"}[letter] for letter in align]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in [head, rule, *rows])


@dataclass(frozen=True)
class Table:
    """A frame, whose columns are shown as they are, with a title that says what the numbers are."""

    title: str
    frame: pd.DataFrame
    digits: int = 1  # after the point, in Markdown

    def markdown(self) -> str:
        """The title in bold, then the table; numbers are right-aligned."""
        numbers = [kind.kind == "f" for kind in self.frame.dtypes]
        rows = [
            [f"{x:.{self.digits}f}" if number else str(x) for x, number in zip(row, numbers, strict=True)]
            for row in self.frame.itertuples(index=False)
        ]
        align = "".join("r" if number else "l" for number in numbers)
        return f"**{self.title}**\n\n{markdown_table([str(c) for c in self.frame.columns], rows, align)}"


def markdown(tables: list[Table]) -> str:
    """All tables, one below the other."""
    return "\n\n".join(table.markdown() for table in tables) + "\n"


def write(tables: list[Table], path: Path) -> None:
    """Write one Markdown file, or ``<stem>-1.csv``, ``<stem>-2.csv``, ...

    Raises:
        UserError: the name ends in neither .md nor .csv.
    """
    if path.suffix == ".md":
        with atomic_path(path) as temporary:
            temporary.write_text(markdown(tables), encoding="utf-8")
    elif path.suffix == ".csv":
        for number, table in enumerate(tables, start=1):
            with atomic_path(path.with_name(f"{path.stem}-{number}.csv")) as temporary:
                table.frame.to_csv(temporary, index=False)
    else:
        raise UserError(f"--out {path}: name a file that ends in .md or .csv")
