"""A board as data: CSV for computing, JSON with everything that is known of it."""

from __future__ import annotations

import csv
import io
from typing import Any

from benchmark.leaderboard.board import Board
from benchmark.leaderboard.entries import Entry
from benchmark.leaderboard.marks import MEANING

ORDER = (
    "by split (forget01, forget05, forget10, others); finetuned, retrained, base first; then methods by "
    "forget quality from high to low, undefined last, ties by model utility"
)
FIELDS = {
    "seeds": "the seeds of the row's runs; under a metric, how many of them have a value",
    "n": "forget rows scored; the fewest where seeds differ",
    "minutes": "mean wall-clock minutes of a run, failed ones left out",
    "peak_memory_mib": "largest peak of the row's runs: on the GPU where one was used, else of the process",
    "low, high": "limits of the 95 % interval",
    "intervals": "what each interval covers, or why there is none",
    "marks": "; ".join(f"{mark}: {meaning}" for mark, meaning in MEANING.items()),
}


def csv_text(board: Board) -> str:
    """Full precision; undefined cells are empty. Read it with ``float_precision="round_trip"`` in pandas."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")  # writes floats by their repr
    limits = [name for metric in board.columns for name in (metric, f"{metric}_low", f"{metric}_high")]
    heads = ["status", "minutes", "peak_memory_mib", "source", "marks"]
    writer.writerow(["method", "split", "seeds", "n", *limits, *heads])
    for entry in board.rows:
        cells = [entry.cells[metric] for metric in board.columns]
        numbers = [x for cell in cells for x in (cell.value, cell.low, cell.high)]
        last: list[Any] = [entry.status, entry.minutes, entry.peak_memory_mib, entry.source, " ".join(entry.marks)]
        writer.writerow([entry.method, entry.split, len(entry.seeds), entry.n, *numbers, *last])
    return text.getvalue()


def json_value(board: Board) -> dict[str, Any]:
    """Everything that the board knows, as JSON values."""
    return {
        "board": board.name,
        "made": board.made,
        "order": ORDER,
        "fields": FIELDS,
        "columns": board.columns,
        "rows": [_json_row(entry) for entry in board.rows],
        "datasets": board.datasets,
        "provenance": board.provenance,
        "notes": board.notes,
    }


def _json_row(entry: Entry) -> dict[str, Any]:
    cells = entry.cells.items()
    return {
        "method": entry.method,
        "name": entry.name,
        "split": entry.split,
        "seeds": list(entry.seeds),
        "keys": list(entry.keys),
        "config": entry.config,
        "n": entry.n,
        "status": entry.status,
        "reasons": entry.reasons,
        "source": entry.source,
        "marks": list(entry.marks),
        "minutes": entry.minutes,
        "peak_memory_mib": entry.peak_memory_mib,
        "metrics": {m: {k: getattr(c, k) for k in ("value", "low", "high", "seeds")} for m, c in cells},
        "intervals": {m: c.covers for m, c in cells},
    }
