"""The columns of a page: every metric that the board has a number of, with what a reader must know of it."""

from __future__ import annotations

import math
from typing import Any

from benchmark.leaderboard.board import Board
from benchmark.leaderboard.headings import ARROWS, DETAILS, MAIN, RANK, RANK_WORST, RANKS, shown
from benchmark.leaderboard.numbers import is_p_value
from benchmark.page.families import COST, family, heading

WAYS = {"higher": "higher is better", "lower": "lower is better", "target": "nearer to the retrained models is better"}
COST_TITLES = {
    "minutes": "Mean wall-clock minutes of a run, failed ones left out",
    "peak_memory_mib": "Largest peak of memory of the row's runs, on the GPU where one was used",
}
RANK_TITLE = "The places that paired tests over authors leave open"
RANK_COLUMN = {
    "name": RANK, "heading": "Ranks", "family": "headline", "arrow": "", "way": "", "scale": "linear", "title": RANK_TITLE,
    "unit": "", "version": None, "source": "metrics/calibration/ranks.py", "text": f"{RANK_TITLE}. 1 is the nearest.",
}  # fmt: skip
WORST_TITLE = "The places that paired tests over authors leave open by the residual under the worst attack"
RANK_COLUMNS = {
    RANK: RANK_COLUMN,
    RANK_WORST: RANK_COLUMN
    | {"name": RANK_WORST, "heading": "Ranks, worst attack", "family": "resurfacing", "title": WORST_TITLE}
    | {"text": f"{WORST_TITLE}. 1 brings least back."},
}


def page_columns(board: Board) -> list[dict[str, Any]]:
    """Each column's name, heading, family, direction and description, in the board's order, cost last."""
    first = shown(board, MAIN)
    names = [*first, *(name for name in board.columns if board.is_defined(name) and name not in first)]
    names += [name for name in shown(board, DETAILS) if name in RANKS]
    made = [RANK_COLUMNS[name] if name in RANKS else _metric(board, name) for name in names]
    return made + [
        {"name": name, "heading": text, "family": "cost", "arrow": "↓", "way": WAYS["lower"], "scale": "linear",
         "title": COST_TITLES[name], "unit": "minutes" if name == "minutes" else "MiB", "version": None, "source": "",
         "text": f"{COST_TITLES[name]}. Lower is better."}
        for name, text in COST.items()
    ]  # fmt: skip


def _metric(board: Board, name: str) -> dict[str, Any]:
    about = board.columns[name]
    way = WAYS.get(about.get("direction", ""), "")
    unit, version, source = about.get("unit", ""), about.get("version"), about.get("source", "")
    title = about.get("title", "not a metric of this version").rstrip(".")
    facts = [f"{title}.", f"{way.capitalize()}." if way else "", f"Unit: {unit}." if unit not in ("", "1") else ""]
    facts += [f"Version {version}." if version else "", f"Source: {source}." if source else ""]
    return {
        "name": name,
        "heading": heading(name),
        "family": family(name),
        "arrow": ARROWS.get(about.get("direction", ""), ""),
        "way": way,
        "scale": scale(board, name),
        "title": title,
        "unit": unit,
        "version": version,
        "source": source,
        "text": " ".join(fact for fact in facts if fact),
    }


def scale(board: Board, name: str) -> str:
    """ "log" for p-values and for what ranges from 0 without an end, where all values are above 0; else "linear"."""
    values = [value for entry in board.rows if (value := entry.value(name)) is not None]
    low, high = board.columns[name].get("range", (0.0, 1.0))
    endless = math.isinf(high) and low >= 0
    return "log" if values and min(values) > 0 and (is_p_value(name) or endless) else "linear"
