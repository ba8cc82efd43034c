"""What the models of a board say to the forget questions, and how likely the gold answers are to them token by token."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import metrics
from benchmark.common.errors import UserError
from benchmark.evaluation.scores import SetScores
from benchmark.leaderboard.board import Board
from benchmark.leaderboard.entries import Entry
from benchmark.page.rows import row_ids
from benchmark.records.record import Record, record_path, scores_path
from benchmark.records.score_files import load_scores

SET = "forget"
MOST_BYTES = 8_000_000  # of the page's data; rows show fewer answers where there are more
MODELS = ("finetuned", "retrained")  # that stand beside every answer
ROW_METRICS = {"rouge": "rouge", "ratio": "truth_ratio", "strength": "extraction_strength"}


@dataclass(frozen=True)
class Answers:
    """One run's answers. ``probability`` [n] is the gold answer's, the geometric mean over its tokens."""

    entry: Entry
    record: Record
    rows: SetScores

    @property
    def probability(self) -> np.ndarray:
        return np.exp(-self.rows.answer_nll())


def answers_data(folder: str | Path, board: Board, most_bytes: int = MOST_BYTES) -> dict[str, Any] | None:
    """Everything that the answers' page shows, as JSON values; None where no scores are at hand.

    Every row shows its first run. Answers are sorted by what leaked: the gold answer's probability less its mean over the
    retrained models; where the data would be larger than ``most_bytes`` only the first of each row are kept.
    """
    known, left_out = _load(Path(folder), board)
    if not known:
        return None
    ids = row_ids(board.rows)
    splits = {split: [a for a in known if a.entry.split == split] for split in board.splits}
    data: dict[str, Any] = {
        "board": board.name,
        "left_out": left_out,
        "splits": {split: _split(own, ids) for split, own in splits.items() if own},
    }
    keep = max(len(part["questions"]) for part in data["splits"].values())
    while (size := len(json.dumps(data))) > most_bytes and keep > 1:
        keep = max(1, min(keep - 1, int(keep * most_bytes / size)))
        data = data | {"splits": {split: _cut(part, keep) for split, part in data["splits"].items()}}
    return data


def _load(folder: Path, board: Board) -> tuple[list[Answers], list[str]]:
    """The first run of each row whose scores can be read, and why others are left out."""
    known, left_out = [], []
    for entry in board.rows:
        for record in board.records_of(entry):
            path = scores_path(record_path(folder, record.method, record.key))
            inside = path.resolve().is_relative_to(folder.resolve())  # a record's key is anyone's text
            if not inside or not path.is_file():
                continue
            try:
                sets = load_scores(path, only=[SET]).sets
            except UserError:
                left_out.append(f"{entry.method} {entry.split} seed {record.seed}: its scores are damaged")
                continue
            if SET in sets:
                known.append(Answers(entry, record, sets[SET]))
                break
    return known, left_out


def _split(known: list[Answers], ids: dict[tuple[str, str], str]) -> dict[str, Any]:
    """Those that were asked the same questions as the split's first row."""
    asked = known[0].rows.questions
    same = [a for a in known if a.rows.questions == asked]
    yard = [a.probability for a in same if a.record.is_retrained]
    expected = np.mean(yard, axis=0) if yard else np.zeros(len(asked))
    return {
        "questions": asked,
        "gold": known[0].rows.gold,
        "all": len(asked),
        "rows": [_row(a, expected, ids[a.entry.split, a.entry.method]) for a in same],
        "beside": {name: n for name in MODELS for n, a in enumerate(same) if a.entry.name == name},
    }


def _row(own: Answers, expected: np.ndarray, row_id: str) -> dict[str, Any]:
    """A row's answers by question, and the order in which they are shown."""
    leak = own.probability - expected
    per_answer = {key: metrics.load_metric(name).values(SET, own.rows)[0] for key, name in ROW_METRICS.items()}  # type: ignore[attr-defined]
    return {
        "id": row_id,
        "method": own.entry.method,
        "role": own.entry.role,
        "name": own.entry.name,
        "seed": own.record.seed,
        "order": [int(i) for i in np.argsort(-np.nan_to_num(leak, nan=-2.0), kind="stable")],
        "text": dict(enumerate(own.rows.generated)),
        "tokens": {i: [_tenths(x) for x in a.logprobs] for i, a in enumerate(own.rows.answers)},
        "p": _numbers(own.probability),
        "leak": _numbers(leak),
        **{key: _numbers(values) for key, values in per_answer.items()},
    }


def _cut(part: dict[str, Any], keep: int) -> dict[str, Any]:
    """Only the first ``keep`` answers of each row; the models beside keep what any row shows."""
    shown = {i for row in part["rows"] for i in row["order"][:keep]}
    rows = []
    for number, row in enumerate(part["rows"]):
        order = row["order"][:keep]
        wanted = shown if number in part["beside"].values() else set(order)
        texts = {key: {i: v for i, v in row[key].items() if i in wanted} for key in ("text", "tokens")}
        rows.append(row | {"order": order, **texts})
    return part | {"rows": rows}


def _tenths(logprob: float) -> int | None:
    """Tenths of a nat below 0; None where impossible."""
    return round(-10 * float(logprob)) if np.isfinite(logprob) else None


def _numbers(values: np.ndarray) -> list[float | None]:
    return [float(f"{x:.3g}") if np.isfinite(x) else None for x in values]
