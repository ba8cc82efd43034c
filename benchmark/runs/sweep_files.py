"""What a sweep leaves beside its records: every trial, the choices as tables for a preset, and how much hangs on them."""

from __future__ import annotations

from operator import attrgetter
from pathlib import Path
from typing import Any

import tomli_w

from benchmark.common.files import as_csv, write_text
from benchmark.config.recipe import Recipe
from benchmark.records.record import Record, load_records
from benchmark.records.selection import Trial
from benchmark.runs.sweep import Choice, Outcome
from metrics.calibration.headline import DISTANCE

READ = ["retain_probability", "retain_rouge", "utility", "forget_probability"]
HEAD = [
    "method",
    "split",
    "trial",
    "changes",
    "status",
    *READ,
    "kept",
    "qualifies",
    "reaches_base",
    "chosen",
    "edge",
    "minutes",
]
DECIDES = DISTANCE  # the metric that places are counted by; lower is better
BESIDE = ("utility_kept", "forget_quality", "model_utility")


def write_sweep(folder: str | Path, outcome: Outcome) -> list[Path]:
    """Write ``sweep.csv`` and ``selected.toml``, and ``sensitivity.csv`` where the trials were scored on the board's rows."""
    folder = Path(folder)
    write_text(folder / "sweep.csv", as_csv(HEAD, _trial_rows(outcome)))
    write_text(folder / "selected.toml", selected(outcome))
    written = [folder / "sweep.csv", folder / "selected.toml"]
    records = {record.key: record for record in load_records(folder)}
    rows = sensitivity(outcome, records)
    if rows:
        write_text(folder / "sensitivity.csv", as_csv(list(rows[0]), [list(row.values()) for row in rows]))
        written.append(folder / "sensitivity.csv")
    return written


def _trial_rows(outcome: Outcome) -> list[list[Any]]:
    models = [("finetuned", outcome.finetuned), ("base", outcome.base)]
    read = attrgetter(*READ)
    rows: list[list[Any]] = [
        [name, outcome.split, "", "", "ok", *read(r), r.kept(outcome.finetuned), *[""] * 5] for name, r in models
    ]
    for choice in outcome.choices:
        for number, trial in enumerate(choice.trials, start=1):
            own: tuple[Any, ...] = ("",) * (len(READ) + 1)
            if trial.reading:
                own = (*read(trial.reading), trial.reading.kept(outcome.finetuned))
            reaches = trial.reading is not None and trial.reading.forget_probability <= outcome.base.forget_probability
            is_chosen = trial is choice.chosen and choice.tuning.usable
            marks = [trial.qualifies(outcome.finetuned), reaches, is_chosen, is_chosen and choice.tuning.edge]
            rows.append(
                [
                    trial.method,
                    trial.split,
                    number,
                    _text(trial.changes),
                    trial.status,
                    *own,
                    *marks,
                    f"{trial.minutes:.3f}",
                ]
            )
    return rows


def selected(outcome: Outcome) -> str:
    """The choices as TOML tables for a preset."""
    settings: dict[str, dict[str, Any]] = {}
    for choice in outcome.choices:
        changes, tuning = choice.chosen.changes, choice.tuning
        tables = {
            "training": {key: value for key, value in changes.items() if key in Recipe.model_fields},
            "fields": {key: value for key, value in changes.items() if key not in Recipe.model_fields},
            "tuning": tuning.model_dump(exclude_defaults=True),
        }
        settings[choice.chosen.method] = {name: table for name, table in tables.items() if table}
    head = (
        f"# Chosen by the rule of benchmark/records/selection.py on {outcome.split}: "
        f"{sum(len(choice.trials) for choice in outcome.choices)} trials of {len(outcome.choices)} methods.\n\n"
    )
    return head + tomli_w.dumps({"settings": settings})


def sensitivity(outcome: Outcome, records: dict[str, Record]) -> list[dict[str, Any]]:
    """Every qualifying trial with its method's place among all methods if that trial had been chosen.

    Places count the usable methods with a lower ``DECIDES``, all others with the trials that were chosen for them.
    """
    usable = [choice for choice in outcome.choices if choice.tuning.usable]
    values = {choice.chosen.method: _value(choice.chosen, records) for choice in usable}
    rows = []
    for choice in usable:
        for trial in choice.trials:
            value = _value(trial, records)
            if value is None or not trial.qualifies(outcome.finetuned):
                continue
            others = [other for method, other in values.items() if method != trial.method and other is not None]
            rows.append(
                {
                    "method": trial.method,
                    "split": trial.split,
                    "changes": _text(trial.changes),
                    "chosen": trial is choice.chosen,
                    DECIDES: value,
                    **{name: records[trial.key].value(name) for name in BESIDE},
                    "place": 1 + sum(other < value for other in others),
                    "of": len(values),
                }
            )
    return rows


def _value(trial: Trial, records: dict[str, Record]) -> float | None:
    record = records.get(trial.key)
    return None if record is None else record.value(DECIDES)


def _text(changes: dict[str, Any]) -> str:
    return " ".join(f"{key}={value!r}" for key, value in changes.items())


def summary(choice: Choice) -> str:
    """One line on a choice, for the terminal."""
    mark = " (edge)" if choice.tuning.edge else ""
    what = _text(choice.chosen.changes) + mark if choice.tuning.usable else "no usable setting"
    return f"{choice.chosen.method:14} {choice.tuning.trials} trials: {what}"
