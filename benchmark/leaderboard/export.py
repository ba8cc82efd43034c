"""A board as data: CSV for computing, JSON with everything that is known of it."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from benchmark.leaderboard.build import Board
    from benchmark.leaderboard.entries import Entry

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
    "marks": "dirty: code with uncommitted changes; partial: only some of the rows were scored",
}


def csv_text(board: Board) -> str:
    """Full precision; undefined cells are empty. Read it with ``float_precision="round_trip"`` in pandas."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")  # writes floats by their repr
    limits = [name for m in board.columns for name in (m, f"{m}_low", f"{m}_high")]
    last = ["status", "minutes", "peak_memory_mib", "source", "marks"]
    writer.writerow(["method", "split", "seeds", "n", *limits, *last])
    for row in board.rows:
        cells = [row.cells[m] for m in board.columns]
        numbers = [x for cell in cells for x in (cell.value, cell.low, cell.high)]
        last = [row.status, row.minutes, row.peak_memory_mib, row.source, " ".join(row.marks)]
        writer.writerow([row.method, row.split, len(row.seeds), row.n, *numbers, *last])
    return out.getvalue()


def json_value(board: Board) -> dict[str, Any]:
    """Everything that the board knows, as JSON values."""
    return {
        "board": board.name,
        "made": board.made,
        "order": ORDER,
        "fields": FIELDS,
        "columns": board.columns,
        "rows": [_json_row(row) for row in board.rows],
        "datasets": board.datasets,
        "provenance": board.provenance,
        "notes": board.notes,
    }


def _json_row(row: Entry) -> dict[str, Any]:
    return {
        "method": row.method,
        "name": row.name,
        "split": row.split,
        "seeds": list(row.seeds),
        "keys": list(row.keys),
        "config": row.config,
        "n": row.n,
        "status": row.status,
        "reasons": row.reasons,
        "source": row.source,
        "marks": list(row.marks),
        "minutes": row.minutes,
        "peak_memory_mib": row.peak_memory_mib,
        "metrics": {m: {k: getattr(c, k) for k in ("value", "low", "high", "seeds")} for m, c in row.cells.items()},
        "intervals": {m: c.covers for m, c in row.cells.items()},
    }
