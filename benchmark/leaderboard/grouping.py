"""Which records make a row together, which of them count, and what the row is called."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from typing import Any

from benchmark.records.record import Record

NAMED_DIFFERENCES = 3  # settings that a row's name spells out
SHARED = ("dataset.", "model.", "pretraining.", "finetuning.", "dtype", "scoring.", "training.")
WITHOUT_FINETUNING = ("base", "retrained")  # models that are the same whatever seed the fine-tuned one has
TUNED = ("training.lr",)  # each method's own, chosen by the sweep's rule: a column of the CSV, not a part of the name


def newest(records: Iterable[Record]) -> tuple[list[Record], list[str]]:
    """The records that count, and a note on each that a later run of the same thing replaced.

    The same method, split, seed and config under another key means that code or dataset changed in between. A base or
    retrained model that was scored once more beside another fine-tuned one, which an attack read, counts once: the
    newer one, which the others are compared with.
    """
    kept: dict[tuple, Record] = {}
    notes = []
    for record in sorted(records, key=_age):
        one_model = record.role == "model" and record.method in WITHOUT_FINETUNING
        text = _row_text(record) if one_model else _config_text(record)
        same = (record.source, record.method, record.split, record.seed, text)
        old = kept.get(same)
        if old and not (one_model and old.finetuning_seed != record.finetuning_seed):
            notes.append(
                f"{record.label}: record {old.key} of {old.created} is "
                f"superseded by {record.key} of {record.created} (code or dataset changed)"
            )
        kept[same] = record
    return list(kept.values()), notes


def groups(everything: list[Record], current: list[Record]) -> list[tuple[str, list[Record]]]:
    """(name of the row, its current records by seed) for each row.

    Args:
        everything: superseded records too: they still say which settings came first and so have the plain name.
        current: the records that count, see ``newest``.
    """
    by_settings: dict[tuple, dict[str, list[Record]]] = {}
    for record in sorted(everything, key=_age):
        configs = by_settings.setdefault((record.source, record.method, record.split), {})
        configs.setdefault(_row_text(record), []).append(record)
    counts = {(record.method, record.key) for record in current}
    recipe = board_recipe(current)
    named = []
    for (_, method, _), configs in by_settings.items():
        first = next(iter(configs.values()))[0].config
        used: Counter[str] = Counter()
        for group in configs.values():
            changes = _differences(first, group[0].config, recipe)
            label = f"{method} [{changes}]" if changes else method
            used[label] += 1  # two rows may differ only in settings that their names do not spell out
            members = [record for record in group if (record.method, record.key) in counts]
            number = f" #{used[label]}" if used[label] > 1 else ""
            named.append((label + number, sorted(members, key=_seeds)))
    return named


def _age(record: Record) -> tuple[str, str]:
    return record.created, record.key


def _seeds(record: Record) -> tuple[int, int]:
    return record.finetuning_seed, record.seed


def _row_text(record: Record) -> str:
    """What makes a row: the configuration without the fine-tuning seed, which is one more seed of the row."""
    return json.dumps({k: v for k, v in record.config.items() if k != "finetuning_seed"}, sort_keys=True, default=str)


def _config_text(record: Record) -> str:
    return json.dumps(record.config, sort_keys=True, default=str)


def board_recipe(records: Iterable[Record]) -> dict[str, str]:
    """Setting -> the value that most methods' rows of a board share, of those in ``SHARED``; ``TUNED`` ones are left out."""
    counts: dict[str, Counter[str]] = {}
    rows = {(r.method, r.split, _config_text(r)): r for r in records if r.source == "run" and r.role == "method"}
    for record in rows.values():
        for key, value in flat(record.config).items():
            if key.startswith(SHARED) and key not in TUNED:
                counts.setdefault(key, Counter())[value] += 1
    return {key: values.most_common(1)[0][0] for key, values in counts.items()}


def _differences(first: dict[str, Any], other: dict[str, Any], recipe: dict[str, str]) -> str:
    """What sets a row apart: from what the board's rows share, in other settings from the first row of its method."""
    a, b = (
        {k: v for k, v in flat(config).items() if not k.startswith("tuning.") and k != "finetuning_seed"}
        for config in (first, other)
    )
    usual = {key for key, value in b.items() if recipe.get(key) == value and key in a}  # there the first row is unusual
    different = {key for key in a | b if a.get(key) != b.get(key)} - usual
    different |= {key for key, value in b.items() if key in recipe and value != recipe[key]}
    changed = [f"{key}={b.get(key, 'unset')}" for key in sorted(different)]
    more = len(changed) - NAMED_DIFFERENCES
    return ", ".join(changed[:NAMED_DIFFERENCES] + ([f"+{more} more"] if more > 0 else []))


def flat(config: dict[str, Any], prefix: str = "") -> dict[str, str]:
    """Dotted key -> value as text."""
    values = {}
    for key, value in config.items():
        if isinstance(value, dict):
            values |= flat(value, f"{prefix}{key}.")
        else:
            values[prefix + key] = value if isinstance(value, str) else json.dumps(value, default=str)
    return values
