"""A scorecard: what each column of a board says of models whose truth is known.

Every value is read with the board's own references (retrained models of other seeds, the fine-tuned one, the doses), so that
distances, p-values and residuals are those of a board. To compare columns of different directions, a value is turned into
a reading of which more is better: the value itself ("higher"), its negative ("lower"), or minus its distance from the
retrained models' mean ("target": whoever reads as they do counts as not knowing).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

import metrics
from benchmark.common.errors import UserError
from benchmark.common.progress import Bar, progress_bar
from benchmark.config.schema import Preset
from benchmark.records.comparison import ReferenceShelf
from benchmark.records.record import Record, load_record
from benchmark.runs.checkpoints import Checkpoints
from benchmark.runs.identity import ResolvedRun, resolve
from benchmark.runs.variation import RELEARNED, ROUNDED, Pushed
from benchmark.scorecard.after_push import AfterPush, shift
from benchmark.scorecard.columns import Column, columns
from benchmark.scorecard.dose_response import is_detected, rank_correlation, retest, smallest_dose
from benchmark.scorecard.pools import KNOWS, NEVER, PUSHED, row_name, scorecard_runs
from benchmark.scorecard.separation import auc, limits

APART = 0.9  # AUC of the pools from which on the way between them is a scale
Values = dict[str, float | None]  # column -> value


@dataclass(frozen=True)
class Pools:
    """The values of the models that know and of those that never did, in one order however they are pushed."""

    knows: list[Values] = field(default_factory=list)
    never: list[Values] = field(default_factory=list)


@dataclass(frozen=True)
class Models:
    """The values of every model of a scorecard."""

    pools: dict[Pushed, Pools]  # as they are (""), and pushed
    retrained: list[Values]
    doses: dict[float, Values]  # share of the forget rows -> of the model; the fine-tuned one has 1


@dataclass(frozen=True)
class Score:
    """One column's row; None where too few models have a value."""

    column: Column
    auc: float | None
    low: float | None
    high: float | None
    knows: int  # models with a value
    never: int
    correlation: float | None  # of the reading with the share of forget rows
    smallest_dose: float | None
    retest: float | None
    rounded: AfterPush = AfterPush()
    relearned: AfterPush = AfterPush()


def scorecard(preset: Preset, folder: str | Path, models: int) -> list[Score]:
    """Every column's row, best AUC first, then smallest detectable dose.

    Args:
        preset: of ``pool_preset``.
        folder: where ``make_pools`` has left its records.
        models: of each pool.

    Raises:
        UserError: pools are unfinished, or a record or its scores damaged.
    """
    checkpoints = Checkpoints(preset, folder)
    records = _finished([resolve(run, checkpoints) for run in scorecard_runs(preset, models)])
    with progress_bar(float(len(records))) as bar:
        values = _measure(Path(folder), records, bar)
    return ordered(score(column, values) for column in columns())


def _finished(runs: list[ResolvedRun]) -> list[Record]:
    records = [load_record(run.record) for run in runs if run.record.exists()]
    lost = [record for record in records if record.status != "ok"]
    if missing := len(runs) - len(records) + len(lost):
        why = f" ({lost[0].method} seed {lost[0].seed} {lost[0].status}: {lost[0].reason})" if lost else ""
        raise UserError(
            f"{missing} of the {len(runs)} models are not scored yet{why}; the same scorecard command goes on with them"
        )
    return records


def _measure(folder: Path, records: list[Record], bar: Bar) -> Models:
    shelf, names = ReferenceShelf(folder, records), metrics.metric_names()
    made = Models({pushed: Pools() for pushed in PUSHED}, [], {})
    place = {row_name(KNOWS, pushed): pools.knows for pushed, pools in made.pools.items()}
    place |= {row_name(NEVER, pushed): pools.never for pushed, pools in made.pools.items()}
    for record in records:
        bar.phase(f"{record.method} seed {record.seed}", "measuring")
        measured = metrics.measure_all(shelf.scores(record), shelf.references_of(record), names=names)
        values = {column: m.value for column, m in measured.items()}
        if record.method in place:
            place[record.method].append(values)
        elif record.is_retrained:
            made.retrained.append(values)
        elif record.method == "finetuned" or record.dose is not None:
            made.doses[record.dose or 1.0] = values
        bar.advance(1.0)
    return made


def score(column: Column, models: Models) -> Score:
    """The row of one column."""
    retrained = _defined(column.name, models.retrained)
    doses = {share: values.get(column.name) for share, values in models.doses.items()}
    never, knows = _pools(column, models, "", retrained)
    value = _auc(never, knows)
    apart = value is not None and value >= APART
    low, high = (None, None) if value is None else limits(value, min(len(never), len(knows)))
    response = {s: _reading(column, x, retrained) for s, x in doses.items()}
    detected = {s: is_detected(x, retrained, column.direction, column.p_value) for s, x in doses.items()}
    return Score(
        column, value, low, high, len(knows), len(never),
        rank_correlation(response), smallest_dose(detected), retest(retrained, doses.get(1.0)),
        *(_after(column, models, pushed, retrained, apart) for pushed in (ROUNDED, RELEARNED)),
    )  # fmt: skip


def _pools(column: Column, models: Models, pushed: Pushed, retrained: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Readings of the models that never knew and of those that know."""
    pools = models.pools.get(pushed, Pools())
    never, knows = (readings(column, _defined(column.name, pool), retrained) for pool in (pools.never, pools.knows))
    return never, knows


def _after(column: Column, models: Models, pushed: Pushed, retrained: np.ndarray, apart: bool) -> AfterPush:
    """What is left of a column once the pools are pushed; ``apart``: whether the pools as they are give a scale."""
    as_they_are, after = models.pools[""], models.pools.get(pushed, Pools())
    values = (_defined(column.name, pool) for pool in (as_they_are.never, after.never, as_they_are.knows))
    return AfterPush(_auc(*_pools(column, models, pushed, retrained)), shift(*values) if apart else None)


def _auc(never: np.ndarray, knows: np.ndarray) -> float | None:
    return auc(never, knows) if len(never) and len(knows) else None


def readings(column: Column, values: np.ndarray, retrained: np.ndarray) -> np.ndarray:
    """[n] readings of the values [n], more is better; none where the aim is the mean of no retrained model [K]."""
    if column.direction == "target":
        return -np.abs(values - retrained.mean()) if len(retrained) else np.array([])
    return values if column.direction == "higher" else -values


def ordered(scores: Iterable[Score]) -> list[Score]:
    """Best first; what has no AUC or no detectable dose comes after what has one."""

    def place(row: Score) -> tuple[float, float]:
        return (-1.0 if row.auc is None else row.auc) * -1, 2.0 if row.smallest_dose is None else row.smallest_dose

    return sorted(scores, key=place)


def _reading(column: Column, value: float | None, retrained: np.ndarray) -> float | None:
    turned = readings(column, np.array([] if value is None else [value]), retrained)
    return float(turned[0]) if len(turned) else None


def _defined(column: str, models: Iterable[Mapping[str, float | None]]) -> np.ndarray:
    return np.array([v for values in models if (v := values.get(column)) is not None], dtype=np.float64)
