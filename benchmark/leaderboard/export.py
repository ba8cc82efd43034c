"""A board as data: CSV for computing, JSON with everything that is known of it."""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import Any

from benchmark.common.files import as_csv
from benchmark.common.seed_names import seed_names
from benchmark.leaderboard.board import Board
from benchmark.leaderboard.entries import Entry
from benchmark.leaderboard.headings import RANKS
from benchmark.leaderboard.marks import MEANING
from metrics.calibration.ranks import Rank

ORDER = (
    "by split (forget01, forget05, forget10, others), then in blocks: models (finetuned, retrained, base); controls; methods "
    "that keep 90 % of every part of utility, by distance; methods that keep less; methods that diverged, failed or have no "
    "usable setting. Where there is no distance, by forget quality from high to low, ties by model utility"
)
FIELDS = {
    "seeds": "the unlearning seeds of the row's runs, with the fine-tuning seed behind a slash where not all are 0; under a metric, how many of them have a value",
    "block": "where the row stands, see order",
    "rank": "places among the methods of its split that paired tests over authors leave open (low to high), and P(best)",
    "rank_worst": "as rank, by the residual under the attack that brings most back (residual_worst); P(best) is of these runs' authors and seeds",
    "p_front": "probability of being on the Pareto front of distance and utility kept",
    "p_first": "probability of being the nearest row that keeps 90 % of utility, where what rows keep is drawn too; of rows below 90 % as well",
    "epochs, lr": "of unlearning, in the CSV; empty where nothing is trained",
    "commit": "of the code that made the row's runs",
    "range": "of a column; null where there is no limit",
    "n": "forget rows scored; the fewest where seeds differ",
    "minutes": "mean wall-clock minutes of a run, failed ones left out",
    "peak_memory_mib": "largest peak of the row's runs: on the GPU where one was used, else of the process",
    "reproduced": "how many of the row's numbers the scores that are published with it give again",
    "claimed": "columns that they cannot give: the records' word; in results.csv, standing says it of each number",
    "low, high": "limits of the 95 % interval",
    "intervals": "what each interval covers, or why there is none",
    "marks": "; ".join(f"{mark}: {meaning}" for mark, meaning in MEANING.items()),
}
STANDING = ("reproduced", "claimed")  # of boards that were checked
RANK_HEADS = (
    "rank_low",
    "rank_high",
    "p_best",
    "p_front",
    "p_first",
    "rank_worst_low",
    "rank_worst_high",
    "p_best_worst",
)
LAST = ("status", "minutes", "peak_memory_mib", "source", "marks", "epochs", "lr", "commit")


def csv_text(board: Board) -> str:
    """Full precision; undefined cells are empty. Read it with ``float_precision="round_trip"`` in pandas."""
    limits = [name for metric in board.columns for name in (metric, f"{metric}_low", f"{metric}_high")]
    last = [*LAST, *(STANDING if board.standings else ())]
    heads = ["method", "split", "block", "seeds", "n", *RANK_HEADS, *limits, *last]
    return as_csv(heads, (_csv_row(board, entry) for entry in board.rows))


def _csv_row(board: Board, entry: Entry) -> list[Any]:
    numbers = [x for m in board.columns for x in (entry.cells[m].value, entry.cells[m].low, entry.cells[m].high)]
    rank = [*_rank(entry.rank), entry.p_front, entry.p_first, *_rank(entry.rank_worst)]
    training = entry.config.get("training") or {}
    last = [entry.status, entry.minutes, entry.peak_memory_mib, entry.source, " ".join(entry.marks)]
    last += [training.get("epochs"), training.get("lr"), " ".join(entry.commits)]
    seeds = " ".join(seed_names(zip(entry.seeds, entry.finetuning_seeds or [0] * len(entry.seeds), strict=True)))
    if (known := board.standings.get((entry.split, entry.method))) is not None:
        last += [known.reproduced, " ".join(known.claimed)]
    return [entry.method, entry.split, entry.block, seeds, entry.n, *rank, *numbers, *last]


def _rank(rank: Rank | None) -> list[Any]:
    return [None] * 3 if rank is None else [rank.low, rank.high, rank.best]


def tidy_text(board: Board) -> str:
    """``results.csv``: a line a run and metric, for data frames: what was measured, before any averaging over seeds.

    Where runs start from several fine-tuned models there is a column of their seeds.
    """
    labels = {(entry.name, key): entry.method for entry in board.rows for key in entry.keys}
    heads = ["method", "split", *board.seed_fields]
    heads += ["metric", "value", "low", "high", "interval", "n", "undefined", "status", "key"]
    heads += ["standing"] if board.claims is not None else []
    lines = []
    for record in board.records:
        label = labels.get((record.method, record.key))
        if label is None:  # superseded, or the reference of an earlier version
            continue
        claimed = (board.claims or {}).get((record.method, record.key), {})
        for metric, own in record.metrics.items():
            why = "; ".join(own.get("undefined") or {}) if own.get("value") is None else ""
            covers = (own.get("extra") or {}).get("interval", "")
            numbers = [own.get("value"), own.get("low"), own.get("high"), covers, own.get("n"), why]
            told = [] if board.claims is None else ["claimed" if metric in claimed else "reproduced"]
            seeds = [getattr(record, field) for field in board.seed_fields]
            lines.append([label, record.split, *seeds, metric, *numbers, record.status, record.key, *told])
    return as_csv(heads, lines)


def json_value(board: Board) -> dict[str, Any]:
    """Everything that the board knows, as JSON values."""
    return {
        "board": board.name,
        "made": board.made,
        "order": ORDER,
        "fields": FIELDS,
        "columns": {metric: _finite(about) for metric, about in board.columns.items()},
        "rows": [_json_row(entry) | _json_standing(board, entry) for entry in board.rows],
        "datasets": board.datasets,
        "provenance": board.provenance,
        "told_apart": {split: list(counts) for split, counts in board.told_apart.items()},
        "notes": board.notes,
    }


def _finite(about: dict[str, Any]) -> dict[str, Any]:
    """What is known of a column; a range without an end has null there, since JSON has no infinity."""
    if "range" not in about:
        return about
    return about | {"range": [end if math.isfinite(end) else None for end in about["range"]]}


def _json_standing(board: Board, entry: Entry) -> dict[str, Any]:
    known = board.standings.get((entry.split, entry.method))
    return {} if known is None else {"reproduced": known.reproduced, "claimed": known.claimed}


def _json_row(entry: Entry) -> dict[str, Any]:
    cells = entry.cells.items()
    return {
        "method": entry.method,
        "name": entry.name,
        "role": entry.role,
        "split": entry.split,
        "seeds": list(entry.seeds),
        "finetuning_seeds": list(entry.finetuning_seeds),
        "keys": list(entry.keys),
        "config": entry.config,
        "n": entry.n,
        "block": entry.block,
        "p_front": entry.p_front,
        "p_first": entry.p_first,
        **{name: None if (own := getattr(entry, name)) is None else asdict(own) for name in RANKS},
        "status": entry.status,
        "reasons": entry.reasons,
        "source": entry.source,
        "marks": list(entry.marks),
        "commits": list(entry.commits),
        "minutes": entry.minutes,
        "peak_memory_mib": entry.peak_memory_mib,
        "metrics": {m: {k: getattr(c, k) for k in ("value", "low", "high", "seeds")} for m, c in cells},
        "intervals": {m: c.covers for m, c in cells},
    }
