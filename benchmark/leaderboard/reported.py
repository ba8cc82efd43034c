"""What imported logs state and nobody here has measured: a table of its own, so that no such number stands among measured ones.

A log may state more than its rows allow to compute again: token-level metrics, membership attacks, all of a summary. Its
number is then all that there is, by the log's own definition.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

import metrics
from benchmark.common.files import as_csv
from benchmark.common.tables import markdown_table
from benchmark.records.importers.open_unlearning import STEPS
from benchmark.records.record import Record

TITLE = (
    "**As reported by the logs, not measured here.** These numbers are what imported logs state of themselves; their rows "
    "do not allow to compute them again. Definitions are the log's own: do not compare them with the table above."
)


@dataclass(frozen=True)
class Reported:
    """A number that a log states. Names are fit for a table's cell and a spreadsheet's."""

    method: str
    split: str
    seed: int
    metric: str  # the board's column where it has one of that name, else the log's own name
    value: float
    log: str  # its folder and file


def reported(records: Iterable[Record]) -> list[Reported]:
    """Every metric that an imported record's log states and the record has no value of, in the order of the records."""
    order = {column: i for i, column in enumerate(metrics.ORDER)}
    rows = []
    for record in records:
        stated = {name: value for name, value in record.reported.items() if value is not None}
        file = record.provenance.get("file") or {}
        log = _plain("/".join(str(file[part]) for part in ("folder", "name") if part in file))
        rows += [
            Reported(_plain(record.method), _plain(record.split), record.seed, _plain(name), stated[name], log)
            for name in sorted(stated, key=lambda name: (order.get(name, len(order)), name))
            if record.value(name) is None and name.lower() not in STEPS
        ]
    return rows


def reported_markdown(rows: list[Reported]) -> str:
    """A titled Markdown table, a line a log and a column a metric; "" where there is nothing to show."""
    if not rows:
        return ""
    columns = list(dict.fromkeys(row.metric for row in rows))
    logs: dict[tuple[str, str, int], dict[str, float]] = {}
    for row in rows:
        logs.setdefault((row.method, row.split, row.seed), {})[row.metric] = row.value
    lines = []
    for (method, split, seed), values in logs.items():
        lines.append([method, split, str(seed), *(f"{values[c]:.4g}" if c in values else "–" for c in columns)])
    table = markdown_table(["Method", "Split", "Seed", *columns], lines, f"llr{'r' * len(columns)}")
    return f"{TITLE}\n\n{table}\n"


def reported_csv(rows: list[Reported]) -> str:
    """One line a number, full precision."""
    head = ["method", "split", "seed", "metric", "reported", "log"]
    return as_csv(head, ([row.method, row.split, row.seed, row.metric, row.value, row.log] for row in rows))


def _plain(text: str) -> str:
    """A log can name its metrics as it likes: what a table or a spreadsheet would act on becomes "_"."""
    return re.sub(r"^[^\w/.]|[^\w/.+ -]", "_", text)
