"""How far another seed moves a number: ``python -m benchmark.comparison.between_seeds results/published/quick-seeds``.

For each column, over all methods that ended ok: what two runs differ by that share everything but the seed of unlearning, or
everything but the fine-tuned model that they start from; the root mean square over all such pairs, and the largest. Beside it the
half-width of one run's 95 % interval over authors, the root mean square likewise. Distances are compared by their
ratio, p-values by decades. What a board's ranks and intervals say is over authors; this says what else there is.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from itertools import combinations
from pathlib import Path

import numpy as np

from benchmark.common.console import user_errors
from benchmark.common.errors import UserError
from benchmark.common.tables import markdown_table
from benchmark.comparison.compare import kind_of
from benchmark.comparison.difference import Kind, scaled
from benchmark.leaderboard.grouping import groups, newest
from benchmark.records.record import Record, load_records

COLUMNS = (
    "distance_largest", "residual", "residual_worst", "utility_kept", "model_utility", "forget_quality", "forget_probability",
)  # fmt: skip
HEAD = (
    "column", "in", "unlearning seeds, rms", "largest", "fine-tuned models, rms", "largest", "interval over authors, rms",
)  # fmt: skip
UNITS: dict[Kind, str] = {"ratio": "%", "decades": "decades", "difference": "its own unit"}


def pairs(rows: list[list[Record]], column: str, kind: Kind) -> tuple[np.ndarray, np.ndarray]:
    """Absolute differences [n], [m] of runs that differ in the seed of unlearning alone, and in the fine-tuned model alone."""
    of_seeds: list[float] = []
    of_models: list[float] = []
    for row in rows:
        for one, other in combinations(row, 2):
            gap = abs(_at(other, column, kind) - _at(one, column, kind))
            same_model = one.finetuning_seed == other.finetuning_seed
            if np.isfinite(gap) and (same_model or one.seed == other.seed):
                (of_seeds if same_model else of_models).append(gap)
    return np.array(of_seeds), np.array(of_models)


def half_widths(rows: list[list[Record]], column: str, kind: Kind) -> np.ndarray:
    """[n] half of each run's interval; none of p-values, which have no interval."""
    limits = [
        [own["low"], own["high"]]
        for row in rows
        for record in row
        if (own := record.metrics.get(column, {})).get("low") is not None and own.get("high") is not None
    ]
    halves = np.ptp(scaled(np.array(limits).reshape(-1, 2), kind), axis=1) / 2
    return halves[np.isfinite(halves)]


def report(folder: Path) -> str:
    """A Markdown table a split, one line a column: of another number of authors the intervals are others.

    Raises:
        UserError: no method has two runs that differ in one kind of seed alone.
    """
    records = load_records(folder)
    ended = (
        [r for r in row if r.status == "ok" and r.role == "method"] for _, row in groups(records, newest(records)[0])
    )
    by_split: dict[str, list[list[Record]]] = {}
    for row in ended:
        if len(row) > 1:
            by_split.setdefault(row[0].split, []).append(row)
    parts = []
    for split, rows in by_split.items():
        if numbers := list(_numbers(rows)):
            count = f"{sum(map(len, rows))} runs of {len(rows)} rows"
            parts.append(f"{split}: {count}.\n\n{markdown_table(HEAD, numbers, 'llrrrrr')}")
    if not parts:
        raise UserError(
            f"{folder} has no method with several seeds: run --seeds 0,1,2, and again with --set finetuning_seed=1"
        )
    return "\n\n".join(parts)


def _numbers(rows: list[list[Record]]) -> Iterator[list[str]]:
    for column in COLUMNS:
        kind = kind_of(column)
        of_seeds, of_models = pairs(rows, column, kind)
        if len(of_seeds) or len(of_models):
            yield [
                column,
                UNITS[kind],
                *_two(of_seeds, kind),
                *_two(of_models, kind),
                _text(half_widths(rows, column, kind), kind, _rms),
            ]


def _two(gaps: np.ndarray, kind: Kind) -> tuple[str, str]:
    return _text(gaps, kind, _rms), _text(gaps, kind, np.max)


def _text(gaps: np.ndarray, kind: Kind, of: Callable[[np.ndarray], float]) -> str:
    if not len(gaps):
        return "–"
    value = float(of(gaps))
    return (
        f"{100 * np.expm1(value):.1f}" if kind == "ratio" else f"{value:.2f}" if kind == "decades" else f"{value:.3f}"
    )


def _rms(gaps: np.ndarray) -> float:
    return float(np.sqrt(np.mean(gaps**2)))


def _at(record: Record, column: str, kind: Kind) -> float:
    value = record.value(column)
    return float(scaled(np.nan if value is None else value, kind))


if __name__ == "__main__":
    with user_errors():
        print(report(Path(sys.argv[1] if len(sys.argv) > 1 else "results/published/quick-seeds")))
