"""Reading another suite's JSON: whatever is not as expected is refused with what was expected and what was found."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from benchmark.common.errors import UserError

SHOWN = 6  # names or rows that a message lists


def read_log(path: Path) -> Any:
    """The file's JSON. NaN and Infinity are read, as Python writes them.

    Raises:
        UserError: no such file, no JSON (most often cut short), or one key twice in a table.
    """
    try:
        return json.loads(Path(path).read_text(encoding="utf-8"), object_pairs_hook=_table)
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror or error}; give the path of a log file") from None
    except UserError as error:
        raise UserError(f"{path}: {error}") from None
    except (ValueError, RecursionError) as error:  # JSON and Unicode errors are ValueErrors
        raise UserError(
            f"{path}: expected one whole JSON file, found one that is damaged or cut short ({error})"
        ) from None


def _table(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    table = dict(pairs)
    if len(table) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise UserError(f"expected every key once in a table, found {twice!r} twice: logs were mixed up")
    return table


def in_words(value: Any) -> str:
    """A value in a few words, for messages."""
    if isinstance(value, dict):
        return f"a table with {names(value)}" if value else "an empty table"
    if isinstance(value, list):
        return f"a list of {len(value)}"
    text = json.dumps(value)
    return text if len(text) <= 60 else text[:57] + "..."


def names(keys: Any) -> str:
    keys = [str(key)[:40].encode("ascii", "backslashreplace").decode() for key in keys]
    more = len(keys) - SHOWN
    return ", ".join(keys[:SHOWN]) + (f" and {more} more" if more > 0 else "")


def by_row(table: Any, where: str) -> list[Any]:
    """The values of a table keyed by the row's number as text, in the numbers' order.

    Raises:
        UserError: it is no such table, is empty, or lacks rows.
    """
    if not isinstance(table, dict) or not table:
        raise UserError(f"{where}: expected a table from row number to value, found {in_words(table)}")
    numbers = {}
    for key, value in table.items():
        if not (key.isascii() and key.isdigit() and len(key) < 10 and str(int(key)) == key):
            raise UserError(f"{where}: expected row numbers as keys, found {key[:40]!r}")
        numbers[int(key)] = value
    if missing := [i for i in range(len(numbers)) if i not in numbers]:
        rows = f"row{'s' * (len(missing) > 1)} {names(missing)}"
        raise UserError(f"{where}: expected rows 0 to {max(numbers)} without a gap, found {rows} missing")
    return [numbers[i] for i in range(len(numbers))]


def number(value: Any, where: str) -> float:
    """A float; NaN for null, which is how an undefined value is written where NaN is not allowed."""
    if value is None:
        return float("nan")
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise UserError(f"{where}: expected a number, found {in_words(value)}")
    try:
        return float(value)
    except OverflowError:
        raise UserError(f"{where}: expected a number, found one of {int(value).bit_length()} bits") from None


def numbers(value: Any, width: int, where: str) -> list[float]:
    """A list of exactly ``width`` floats."""
    if not isinstance(value, list) or len(value) != width:
        raise UserError(f"{where}: expected a list of {width} numbers, found {in_words(value)}")
    return [number(x, where) for x in value]
