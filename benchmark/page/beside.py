"""What lies beside a board: a sweep's sensitivity.csv, in the board's folder or in that of its sweep."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

from metrics.calibration.headline import DISTANCE

READ = (DISTANCE, "distance", "forget_quality", "utility_kept", "model_utility")


def sensitivity_path(folder: str | Path) -> Path | None:
    """The file, in ``folder`` itself or in ``<folder>-sweep``; None where there is none."""
    folder = Path(folder)
    places = [folder / "sensitivity.csv", folder.with_name(f"{folder.name}-sweep") / "sensitivity.csv"]
    return next((path for path in places if path.is_file()), None)


def sensitivity(path: Path | None) -> dict[str, Any] | None:
    """Every qualifying trial of every method, and the column that places were counted by; None without a file."""
    if path is None:
        return None
    with open(path, encoding="utf-8", newline="") as handle:
        lines = list(csv.DictReader(handle))
    column = next((name for name in READ if lines and name in lines[0]), None)
    if column is None:
        return None
    trials = [
        {
            "method": line["method"],
            "split": line["split"],
            "changes": line["changes"],
            "chosen": line["chosen"] == "True",
            "value": float(line[column]),
            "place": line.get("place", ""),
            "of": line.get("of", ""),
        }
        for line in lines
        if line[column]
    ]
    return {"column": column, "file": f"{path.parent.name}/{path.name}", "trials": trials}
