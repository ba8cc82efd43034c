"""``python -m benchmark.simulations NAME [--out FILE]``: one simulation, as tables.

A simulation is a file of this folder without a leading underscore that has ``tables() -> list[Table]``.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

from benchmark.common.console import out, user_errors
from benchmark.common.tables import Table, markdown, write

FOLDER = Path(__file__).resolve().parent


def names() -> list[str]:
    """The simulations, by file name."""
    return sorted(path.stem for path in FOLDER.glob("*.py") if not path.stem.startswith("_"))


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the simulation of that name and print or write its tables."""
    parser = argparse.ArgumentParser(prog="python -m benchmark.simulations", description=main.__doc__)
    parser.add_argument("name", choices=names())
    parser.add_argument("--out", type=Path, help="write .md, or a .csv for each table (FILE-1.csv, ...)")
    chosen = parser.parse_args(arguments)
    with user_errors():
        made: list[Table] = import_module(f"benchmark.simulations.{chosen.name}").tables()
        if chosen.out is None:
            out.print(markdown(made))
        else:
            write(made, chosen.out)


if __name__ == "__main__":
    main()
