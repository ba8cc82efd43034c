"""Scores as one Parquet file: a row an answer, with its token-level lists; texts on the gold answers' rows."""

from __future__ import annotations

import json
from collections.abc import Collection
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from benchmark.common.errors import UserError
from benchmark.common.files import atomic_path
from benchmark.evaluation.scores import AnswerScores, Scores, SetScores

LISTS = {"logprobs": pa.float32(), "is_greedy": pa.bool_(), "logprob_mean": pa.float32(), "logprob_std": pa.float32()}
GOLD_ONLY = ("logprob_mean", "logprob_std")  # nothing reads them of other answers, and they are half of the file
RENAMED = {"hits": "is_greedy", "mean": "logprob_mean", "std": "logprob_std"}  # columns of files before version 0.2
TEXTS = ("question", "gold", "generated", "value")
SCHEMA = pa.schema(
    [("set", pa.string()), ("row", pa.int32()), ("kind", pa.string())]
    + [(name, pa.list_(kind)) for name, kind in LISTS.items()]
    + [(name, pa.string()) for name in TEXTS]
    + [("author", pa.int32())]
)


def save_scores(scores: Scores, path: str | Path) -> None:
    """Write scores; the file is whole or absent."""
    rows = []
    for name, part in scores.sets.items():
        for i in range(len(part)):
            texts = {
                "question": part.questions[i],
                "gold": part.gold[i],
                "generated": part.generated[i],
                "value": part.values[i] if part.values else None,
                "author": int(part.authors[i]),
            }
            kinds = [("answer", part.answers[i], texts)]
            kinds += [("paraphrase", part.paraphrases[i], {})] if part.paraphrases[i] is not None else []
            kinds += [("wrong", answer, {}) for answer in part.wrong[i]]
            kinds += [("sample", None, {"generated": text}) for text in (part.samples[i] if part.samples else [])]
            for kind, answer, extra in kinds:
                measured = [n for n in LISTS if kind == "answer" or n not in GOLD_ONLY]
                lists = {} if answer is None else {n: getattr(answer, n) for n in measured}
                rows.append({"set": name, "row": i, "kind": kind, **lists, **extra})
    table = pa.Table.from_pylist(rows, schema=SCHEMA).replace_schema_metadata({"meta": json.dumps(scores.meta)})
    with atomic_path(path) as temporary:
        pq.write_table(table, temporary, compression="zstd", write_page_checksum=True)


def load_scores(path: str | Path, only: Collection[str] | None = None) -> Scores:
    """Read scores back.

    Args:
        only: these evaluation sets, which is quicker; by default all.

    Raises:
        UserError: the file is absent, damaged, or no scores file.
    """
    try:
        if Path(path).is_dir():  # a folder would be read as a data set of many files
            raise IsADirectoryError("it is a folder where a file belongs")
        table = pq.read_table(path, page_checksum_verification=True)
        meta = json.loads((table.schema.metadata or {})[b"meta"])
        meta |= {"dataset": meta.pop("corpus")} if "corpus" in meta else {}
        table = table.rename_columns([RENAMED.get(name, name) for name in table.schema.names])
        table = table.select(SCHEMA.names)
        if only is not None:
            table = table.filter(pc.is_in(table["set"], pa.array(list(only), pa.string())))
        sets: dict[str, list[dict]] = {}
        for row in _rows(table):
            sets.setdefault(row["set"], []).append(row)
        return Scores({name: _set_scores(part) for name, part in sets.items()}, meta)
    except (OSError, pa.ArrowException, KeyError, TypeError, ValueError) as error:  # JSON errors are ValueErrors
        raise UserError(
            f"the scores {path} are missing or damaged ({error}). Delete the record of the same name and repeat the `run` "
            "that made the board: only this run is redone. Of a published board `git checkout` brings them back."
        ) from None


def _rows(table: pa.Table) -> list[dict]:
    """The table's rows; lists as arrays, cut from the whole column, which is ten times as fast as a list for each cell."""
    rows = table.drop_columns(list(LISTS)).to_pylist()
    for name in LISTS:
        column = (
            pa.concat_arrays(table[name].chunks) if table[name].num_chunks else pa.array([], SCHEMA.field(name).type)
        )
        values = np.array(column.values.to_numpy(zero_copy_only=False), dtype=_dtype(name))
        ends = column.offsets.to_numpy()
        for i, (row, known) in enumerate(zip(rows, column.is_valid().to_pylist(), strict=True)):
            row[name] = values[ends[i] : ends[i + 1]] if known else values[:0]
    return rows


def _dtype(name: str) -> type:
    return bool if name == "is_greedy" else np.float32


def _set_scores(rows: list[dict]) -> SetScores:
    def read(row: dict) -> AnswerScores:
        return AnswerScores(**{name: row[name] for name in LISTS})

    gold = [row for row in rows if row["kind"] == "answer"]  # written in row order
    paraphrases = {row["row"]: read(row) for row in rows if row["kind"] == "paraphrase"}
    wrong: dict[int, list[AnswerScores]] = {}
    samples: dict[int, list[str]] = {}
    for row in rows:
        if row["kind"] == "wrong":
            wrong.setdefault(row["row"], []).append(read(row))
        elif row["kind"] == "sample":
            samples.setdefault(row["row"], []).append(row["generated"])
    return SetScores(
        answers=[read(row) for row in gold],
        paraphrases=[paraphrases.get(row["row"]) for row in gold],
        wrong=[wrong.get(row["row"], []) for row in gold],
        generated=[row["generated"] for row in gold],
        gold=[row["gold"] for row in gold],
        questions=[row["question"] for row in gold],
        authors=np.array([row["author"] for row in gold], dtype=np.int64),
        values=[row["value"] for row in gold],
        samples=[samples.get(row["row"], []) for row in gold] if samples else [],
    )
