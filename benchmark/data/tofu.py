"""TOFU, or any dataset in its file layout: from a folder of JSON lines, or from the hub.

Maini et al. 2024, arXiv 2401.06121: 200 fictitious authors of 20 questions, author i in rows 20 i to
20 i + 19 of ``full``; forgetNN are the last NN percent, retain(100 - NN) the rest.
"""

from __future__ import annotations

import json
from collections.abc import Container, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

from pydantic import ValidationError

from benchmark.common.errors import UserError
from benchmark.common.hub import UNREACHABLE, without_network
from benchmark.data.row_schema import Row, problem_of
from benchmark.data.types import FORGET_PERCENT, ROWS_PER_AUTHOR, Dataset, Example, Split, question_answer_pairs

HOLDOUT_AUTHORS = 1_000_000  # the number of the first held-out author, past all others
REFUSALS = "idontknow.jsonl"  # TOFU's own: plain text, a sentence a line, in spite of its name


class Reader(Protocol):
    """Where a dataset's parts are read from."""

    def has(self, name: str) -> bool:
        """Whether there is such a part."""

    def rows(self, name: str) -> list[dict[str, Any]]:
        """The records of one part. Raises UserError where it is missing."""

    def refusals(self) -> list[str] | None:
        """The refusal sentences, None where the source has none."""


class FolderReader:
    """A folder of ``<part>.json`` files, a JSON object a line."""

    def __init__(self, folder: Path):
        self.folder = folder

    def has(self, name: str) -> bool:
        return (self.folder / f"{name}.json").is_file()

    def rows(self, name: str) -> list[dict[str, Any]]:
        path = self.folder / f"{name}.json"
        if not path.is_file():
            parts = ", ".join(sorted(p.stem for p in self.folder.glob("*.json"))) or "no .json file at all"
            raise UserError(f"{self.folder} has no {name}.json; it has {parts}. Choose another --split or data folder.")
        records = []
        for number, line in enumerate(path.read_bytes().splitlines(), start=1):
            try:
                record = json.loads(line) if line.strip() else {}
            except (ValueError, RecursionError):  # no JSON, no UTF-8, or a number of thousands of digits
                record = None
            if not isinstance(record, dict):
                shown = line[:40].decode(errors="replace")
                raise UserError(
                    f"{path} is damaged: line {number} is {shown!r}, but every line must be one JSON object. "
                    "Get the file again."
                )
            if record:
                records.append(record)
        return records

    def refusals(self) -> list[str] | None:
        path = self.folder / REFUSALS
        if not path.is_file():
            return None
        try:
            lines = [line.strip() for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
        except UnicodeDecodeError as error:
            raise UserError(f"{path} is damaged ({error}): it must be plain text, a refusal a line") from None
        if not lines:
            raise UserError(f"{path} is empty: write a refusal a line, or remove it and others are taken")
        return lines


class HubReader:
    """A dataset on the hub whose configurations are the parts."""

    def __init__(self, source: str):
        self.source = source

    def has(self, name: str) -> bool:
        from datasets import get_dataset_config_names

        without_network()
        return name in get_dataset_config_names(self.source)

    def rows(self, name: str) -> list[dict[str, Any]]:
        from datasets import load_dataset

        offline = without_network()
        try:
            return list(load_dataset(self.source, name, split="train"))
        except Exception as error:  # the hub's errors have no common class
            why = UNREACHABLE if offline else f"{type(error).__name__}: {error}"
            raise UserError(
                f"cannot read {name!r} of {self.source!r}: {why}. "
                "Give --data a folder with TOFU's files, or a hub id such as locuslab/TOFU."
            ) from error

    def refusals(self) -> list[str] | None:
        return None  # TOFU's refusals are in its code's repository, not on the hub


def load(source: str, splits: Iterable[str]) -> Dataset:
    """Load a dataset of TOFU's shape with the given splits.

    Where the source has no refusals, the fictitious dataset's are taken; ``notes`` says so.

    Raises:
        UserError: the source or one of its parts is missing, damaged or misshapen.
    """
    from benchmark.data.fictitious import refusals as own_refusals

    check_source(source)
    reader: Reader = FolderReader(Path(source)) if Path(source).is_dir() else HubReader(source)
    for name in splits:
        if name not in FORGET_PERCENT:
            raise UserError(f"unknown split {name!r}; there are {', '.join(FORGET_PERCENT)}")
    # Questions repeat ("What is the full name of the author?"), a question with its answer does not.
    plain = _rows(reader, "full", source, {})
    authors = {(row.question, row.answer): i // ROWS_PER_AUTHOR for i, row in enumerate(plain)}
    made = {
        name: Split(
            name,
            _rows(reader, f"{name}_perturbed", source, authors),
            _rows(reader, f"retain{100 - FORGET_PERCENT[name]}", source, authors),
        )
        for name in splits
    }
    for split in made.values():
        _check_split(split, source)
    refusals = reader.refusals()
    return Dataset(
        name="tofu",
        full=_rows(reader, "full", source, authors),
        splits=made,
        retain_evaluation=_rows(reader, "retain_perturbed", source, authors),
        real_authors=_rows(reader, "real_authors_perturbed", source, {}),
        world_facts=_rows(reader, "world_facts_perturbed", source, {}),
        holdout=_holdout(reader, made, source, authors),
        refusals=tuple(refusals if refusals is not None else own_refusals()),
        notes={"source": source, "refusals": "the source's" if refusals is not None else "the fictitious dataset's"},
    )


def check_source(source: str) -> None:
    """Raise UserError where a source is neither a folder that is there nor written like a hub id."""
    if not Path(source).is_dir() and (source.count("/") != 1 or source.startswith((".", "/", "~"))):
        raise UserError(f"there is no folder {source}; give a folder with TOFU's files or a hub id (locuslab/TOFU)")


def _holdout(
    reader: Reader, splits: dict[str, Split], source: str, learnt: Container[tuple[str, str]]
) -> tuple[Example, ...]:
    """Examples that no model has seen, as many as the largest split forgets; none where the source has none.

    The hub has them plain (``holdout10``), which is all that a membership attack reads.
    """
    largest = max(splits, default="forget10").replace("forget", "holdout")
    name = next((part for part in (f"{largest}_perturbed", largest) if reader.has(part)), None)
    if name is None:
        return ()
    rows = _rows(reader, name, source, {})
    if any((row.question, row.answer) in learnt for row in rows):
        raise UserError(
            f"{name!r} in {source} has rows that are in 'full': nobody is held out who was learnt. Remove it."
        )
    return tuple(
        row if row.author is not None else replace(row, author=HOLDOUT_AUTHORS + i // ROWS_PER_AUTHOR)
        for i, row in enumerate(rows)
    )


def _rows(reader: Reader, name: str, source: str, authors: dict[tuple[str, str], int]) -> tuple[Example, ...]:
    out = []
    for number, record in enumerate(reader.rows(name)):
        try:
            row = Row.model_validate(record)
        except ValidationError as error:
            raise UserError(
                f"row {number} of {name!r} in {source}: {problem_of(error)}. Mend it or get it again"
            ) from None
        out.append(row.example(authors.get((row.question, row.answer))))
    if not out:
        raise UserError(f"{name!r} in {source} has no rows. Get it again")
    return tuple(out)


def _check_split(split: Split, source: str) -> None:
    """Raise UserError where a row is to be forgotten twice, or to be forgotten and to be retained."""
    retained = set(question_answer_pairs(split.retain))
    seen: set[tuple[str, str]] = set()
    for pair in question_answer_pairs(split.forget):
        if pair in retained:
            raise UserError(
                f"{source}: {split.name} asks to forget and to retain {pair[0]!r}. Mend one of the two files"
            )
        if pair in seen:
            raise UserError(f"{source}: {split.name} has {pair[0]!r} with one answer twice. Remove one")
        seen.add(pair)
