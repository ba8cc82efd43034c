"""Choosing one constant for every method by the same grid, without looking at retrained models.

Each method gets the same values and the same number of trials. Rule: of the runs that end ``ok`` and keep at
least 90 % of the fine-tuned model's utility, the one with the lowest forget probability on the selection
authors, the first half of those to forget; where no run keeps so much, the one with the highest utility.
Neither utility nor probability reads the retrained model, so it stays a fair judge of what is chosen.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from benchmark.common.errors import UserError
from benchmark.common.files import write_text
from benchmark.evaluation.scores import SetScores, of_validation_authors
from benchmark.records.record import Record, load_records, record_path, scores_path
from benchmark.records.score_files import load_scores

KEPT_UTILITY = 0.9


@dataclass(frozen=True)
class Trial:
    """One run of the grid, and whether the rule chose it."""

    method: str
    split: str
    value: float
    status: str
    utility: float | None
    selection_forget_probability: float | None
    minutes: float
    chosen: bool = False


def selection_probability(forget: SetScores) -> float:
    """Mean probability of the gold answers of the first half of the forget authors (at least one)."""
    return float(np.exp(-forget.answer_nll()[of_validation_authors(forget.authors)]).mean())


def trials(folder: Path, key: str, only: Collection[str] | None = None) -> list[Trial]:
    """Every trained run of a sweep's folder with the rule's choice, by split and method.

    Args:
        key: what the grid changed, a key of the training recipe ("lr").
        only: keys of the records that count, where the folder may hold those of other settings; None: all.

    Raises:
        UserError: no fine-tuned row to compare with, or methods with different grids.
    """
    records = [record for record in load_records(folder) if only is None or record.key in only]
    finetuned = {r.split: r.value("model_utility") for r in records if r.method == "finetuned"}
    groups: dict[tuple[str, str], list[Trial]] = {}
    for record in records:
        # Methods in closed form have no losses: nothing of the recipe touches them.
        if "training" in record.config and record.losses:
            groups.setdefault((record.split, record.method), []).append(_trial(folder, record, key))
    grids = {name: tuple(sorted(t.value for t in group)) for name, group in groups.items()}
    if len(set(grids.values())) > 1:
        different = "; ".join(f"{name[1]} {grid}" for name, grid in sorted(grids.items()))
        raise UserError(f"the methods had different grids, so the sweep is not finished or not fair: {different}")
    out = []
    for (split, _), group in sorted(groups.items()):
        if finetuned.get(split) is None:
            raise UserError(f"{folder} has no finetuned row of {split}, whose utility the rule compares with")
        best = choose(group, KEPT_UTILITY * finetuned[split])
        out += [Trial(**{**asdict(t), "chosen": t is best}) for t in sorted(group, key=lambda t: t.value)]
    return out


def choose(group: Sequence[Trial], least_utility: float) -> Trial:
    """The rule, on the trials of one method."""
    kept = [t for t in group if t.status == "ok" and (t.utility or 0) >= least_utility]
    if kept:
        return min(kept, key=lambda t: t.selection_forget_probability)
    return max(group, key=lambda t: t.utility or 0)


def _trial(folder: Path, record: Record, key: str) -> Trial:
    path = scores_path(record_path(folder, record.method, record.key))
    probability = selection_probability(load_scores(path)["forget"]) if path.exists() else None
    if key not in record.config["training"]:
        raise UserError(f"{key!r} is no key of the training recipe; there are {', '.join(record.config['training'])}")
    return Trial(
        method=record.method,
        split=record.split,
        value=record.config["training"][key],
        status=record.status,
        utility=record.value("model_utility"),
        selection_forget_probability=probability,
        minutes=record.seconds.get("total", 0.0) / 60,
    )


def write_sweep(folder: Path, found: Sequence[Trial], key: str) -> tuple[Path, Path]:
    """Write ``sweep.csv`` (every trial) and ``selected.toml`` (tables for a preset, from the largest split)."""
    text = io.StringIO()
    table = csv.DictWriter(text, list(Trial.__dataclass_fields__), lineterminator="\n")
    table.writeheader()
    table.writerows(asdict(t) for t in found)
    write_text(folder / "sweep.csv", text.getvalue())
    largest = max(t.split for t in found)
    chosen = [t for t in found if t.chosen and t.split == largest]
    settings = [f'[settings."{t.method}".training]\n{key} = {t.value!r}\n' for t in chosen]
    head = f"# Chosen by the sweep's rule (benchmark/records/selection.py) from {len(found)} runs.\n\n"
    write_text(folder / "selected.toml", head + "\n".join(settings))
    return folder / "sweep.csv", folder / "selected.toml"
