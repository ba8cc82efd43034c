"""A board beside published numbers: rows side by side, and in words what makes them different things.

Published rows have no intervals and no rows to pair by, and nearly always another model, split or recipe: they stand beside
the board's, and nothing is concluded. Where model, dataset and split are the same the difference is shown as a number.
"""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmark.common.errors import UserError
from benchmark.leaderboard.board import Board
from benchmark.leaderboard.entries import Entry

TEXTS = ("source", "model", "split", "row")
NUMBERS = ("forget_quality", "model_utility")
# Names of published rows that are others here; compared without case, spaces and signs.
OTHERS = {"retain": "retrained", "retrain": "retrained", "original": "finetuned", "idkdpo": "dpo"}
DATASET = "tofu"  # that published rows are about


@dataclass(frozen=True)
class Published:
    """One line of the file; a number that a paper does not give is None."""

    source: str
    model: str
    split: str
    row: str
    forget_quality: float | None
    model_utility: float | None
    note: str = ""


@dataclass(frozen=True)
class Beside:
    """Published rows with the rows of a board that have the same method."""

    board: Board
    name: str  # of the board, in texts
    file: str
    rows: list[tuple[Published, list[Entry]]]  # of the board's splits, and of those that it lacks with no rows beside
    model: str  # the board's
    differences: list[str]  # sentences: what makes the numbers different things


def read_published(path: Path) -> list[Published]:
    """The lines of a CSV with the columns source, model, split, row, forget_quality, model_utility and perhaps note.

    Raises:
        UserError: no such file, a column is missing, a number is none, or there is no line.
    """
    try:
        with path.open(encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file)
            missing = [name for name in (*TEXTS, *NUMBERS) if name not in (reader.fieldnames or ())]
            if missing:
                raise UserError(
                    f"{path} lacks the column{'s' * (len(missing) > 1)} {', '.join(missing)}; a file of published numbers has "
                    f"{', '.join((*TEXTS, *NUMBERS))} and perhaps note"
                )
            rows = [_published(path, line, reader.line_num) for line in reader]
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"--published {path} cannot be read: {error}") from None
    if not rows:
        raise UserError(f"{path} has no line below its heading")
    return rows


def _published(path: Path, line: dict[str, str | None], at: int) -> Published:
    values: dict[str, float | None] = {}
    for column in NUMBERS:
        text = (line[column] or "").strip()
        try:
            values[column] = float(text) if text else None
            finite = values[column] is None or math.isfinite(float(text))
        except ValueError:
            finite = False
        if not finite:
            raise UserError(f"{path}, line {at}: {column} is {text!r}, which is no number; leave it empty")
    source, model, split, row, note = ((line.get(name) or "").strip() for name in (*TEXTS, "note"))
    return Published(source, model, split, row, values["forget_quality"], values["model_utility"], note)


def beside(board: Board, published: list[Published], name: str, file: str) -> Beside:
    """Put the board's rows beside the published ones of the same split and method."""
    rows = [(line, [e for e in board.rows if e.split == line.split and _same_method(line, e)]) for line in published]
    model = _model(board)
    return Beside(board, name, file, rows, model, list(_differences(board, model, published, name)))


def _same_method(line: Published, entry: Entry) -> bool:
    """Whether both bear the name of one method: a variant's is what stands before its first sign (npo+rt is an npo)."""
    published = _letters(line.row)
    name = re.split(r"[+@\[ ]", entry.name)[0]
    return entry.role != "control" and _letters(name) == OTHERS.get(published, published)


def _letters(text: str) -> str:
    return re.sub(r"[^a-z0-9]", "", text.lower())


def _model(board: Board) -> str:
    """What the board's rows were made from, as their configs have it."""
    models = {str((entry.config.get("model") or {}).get("source", "unknown")) for entry in board.rows}
    return ", ".join(sorted(models)) or "unknown"


def _differences(board: Board, model: str, published: list[Published], name: str) -> Iterator[str]:
    datasets = sorted({str(dataset.get("name", "unknown")) for dataset in board.datasets})
    theirs = sorted({line.model for line in published})
    yield f"model: {name} has {model}; the published rows have {', '.join(theirs)}"
    if datasets != [DATASET]:
        yield f"dataset: {name} has {', '.join(datasets)}; the published rows have TOFU"
    if lacking := sorted({line.split for line in published} - set(board.splits)):
        yield f"splits without a row here: {', '.join(lacking)}"
    counts = sorted({entry.n for entry in board.rows if entry.n is not None})
    yield (
        f"forget quality is a p-value that depends on the number of forget rows: {', '.join(map(str, counts)) or 'unknown'} on "
        f"{name}, 40 (forget01), 200 (forget05), 400 (forget10) on the whole of TOFU unless a note says otherwise"
    )
    yield "a method of one name may have another retain loss and other settings there: every variant here is shown"
    if not any(is_alike(line, board, model) for line in published):
        yield "no published row has this board's model, dataset and split: nothing here says which is better"
    else:
        yield "published rows have no interval: a difference is a number, no verdict"


def is_alike(line: Published, board: Board, model: str) -> bool:
    """Whether a published row is of the board's model, dataset and split, as far as names tell."""
    datasets = {str(dataset.get("name")) for dataset in board.datasets}
    same = _letters(model.rpartition("/")[2]) == _letters(line.model)
    return same and datasets == {DATASET} and line.split in board.splits
