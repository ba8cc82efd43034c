"""A scorecard as files: ``scorecard.csv`` with every digit, ``scorecard.md`` to read, ``scorecard.png``."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from benchmark.common.files import atomic_path, write_text
from benchmark.common.tables import Table, markdown
from benchmark.config.schema import Preset
from benchmark.scorecard.figure import draw
from benchmark.scorecard.measure import Score

UNKNOWN = "–"


def write(scores: list[Score], folder: str | Path, preset: Preset, models: int) -> list[Path]:
    """Write the three files; the same scores give the same bytes.

    Args:
        preset: of ``pool_preset``, whose references the scores were read with.
        models: of each pool.

    Returns:
        Their paths.
    """
    table, text, picture = (Path(folder) / f"scorecard.{kind}" for kind in ("csv", "md", "png"))
    with atomic_path(table) as temporary:
        frame(scores).to_csv(temporary, index=False)
    write_text(text, f"{heading(preset, models)}\n\n{markdown(tables(scores))}")
    draw(scores, picture)
    return [table, text, picture]


def heading(preset: Preset, models: int) -> str:
    """What was compared with what, for whoever reads the tables alone."""
    (split,) = preset.splits
    seeds = len(preset.retrained_of(split))
    return (
        f"# Scorecard: {preset.name}, {split}\n\n"
        f"AUC: chance that one of {models} models that never saw the forget rows reads better than one of {models} that "
        f"did, with limits that hold for any distribution. Dose: the smallest share of the forget rows from which on a "
        f"model stands out of {seeds} retrained ones (p-values: is at or below .05). Spearman: of the share with how bad "
        f"the reading is, fine-tuned model included. Retest: standard deviation over the retrained models, as a share of "
        f"what separates them from the fine-tuned one. 4 bits, relearned: the AUC between the same models with their weights "
        f"rounded, and after one more epoch of the forget rows, and how far that moves those that never knew towards those "
        f"that know (0 not at all, 1 all the way; of an AUC of .9 and more). Models: of each pool, that have a value. docs/calibration.md says more."
    )


def frame(scores: list[Score]) -> pd.DataFrame:
    """[columns, 16] every number as it is, None where undefined."""
    return pd.DataFrame(
        {
            "column": row.column.name,
            "family": row.column.family,
            "direction": row.column.direction,
            "reads_forget_rows": row.column.reads_forget,
            "auc": row.auc,
            "auc_low": row.low,
            "auc_high": row.high,
            "models_never": row.never,
            "models_knows": row.knows,
            "smallest_dose": row.smallest_dose,
            "spearman": row.correlation,
            "retest": row.retest,
            "auc_rounded": row.rounded.auc,
            "shift_rounded": row.rounded.shift,
            "auc_relearned": row.relearned.auc,
            "shift_relearned": row.relearned.shift,
        }
        for row in scores
    )


def tables(scores: list[Score]) -> list[Table]:
    """Columns that read the forget rows, and below them those that do not and should stand at 0.5."""
    made = []
    for reads, title in (
        (True, "Columns that read the forget rows"),
        (False, "Columns that do not: AUC should be 0.5"),
    ):
        rows = [_texts(row) for row in scores if row.column.reads_forget == reads]
        if rows:
            made.append(Table(title, pd.DataFrame(rows)))
    return made


def _texts(row: Score) -> dict[str, str]:
    span = UNKNOWN if row.low is None or row.high is None else f"{row.low:.2f} to {row.high:.2f}"
    return {
        "column": row.column.name,
        "of": row.column.family,
        "better": row.column.direction,
        "AUC": _text(row.auc, ".2f"),
        "95 %": span,
        "dose": _text(row.smallest_dose, ".0%"),
        "Spearman": _text(row.correlation, ".2f"),
        "retest": _text(row.retest, ".3f"),
        "AUC, 4 bits": _text(row.rounded.auc, ".2f"),
        "shift, 4 bits": _text(row.rounded.shift, "z.2f"),
        "AUC, relearned": _text(row.relearned.auc, ".2f"),
        "shift, relearned": _text(row.relearned.shift, "z.2f"),
        "models": f"{row.never} + {row.knows}",
    }


def _text(value: float | None, digits: str) -> str:
    return UNKNOWN if value is None else f"{value:{digits}}"
