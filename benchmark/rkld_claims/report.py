"""Findings as ``claims.md`` for readers and ``claims.csv`` with every number in full."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

from benchmark.common.files import write_text
from benchmark.rkld_claims.comparisons import Finding
from benchmark.rkld_claims.page import markdown

FIELDS = [
    "claim", "split", "verdict", "row", "other", "quantity", "value", "other_value", "difference", "low", "high",
    "share_above", "no_interval", "resampled", "authors", "rows", "seeds", "row_status", "other_status", "counts",
    "reading",
]  # fmt: skip


def write_claims(folder: Path, findings: list[Finding], name: str | None = None) -> tuple[Path, Path]:
    """Write ``claims.md`` and ``claims.csv`` into ``folder``, each whole or not at all.

    Args:
        name: of the board; by default the folder's.
    """
    folder = Path(folder)
    write_text(folder / "claims.md", markdown(findings, name or folder.resolve().name))
    write_text(folder / "claims.csv", csv_text(findings))
    return folder / "claims.md", folder / "claims.csv"


def csv_text(findings: list[Finding]) -> str:
    """A line each quantity of each comparison; a claim that was not run has one line without numbers."""
    text = io.StringIO()
    table = csv.DictWriter(text, FIELDS, lineterminator="\n")  # writes floats by their repr
    table.writeheader()
    for finding in findings:
        about: dict[str, Any] = {"claim": finding.claim, "split": finding.split, "verdict": finding.verdict}
        for pair in finding.comparisons:
            basis = pair.basis
            about |= {
                "split": pair.split, "row": pair.row, "other": pair.other, "seeds": " ".join(map(str, pair.seeds)),
                "row_status": pair.statuses[0], "other_status": (*pair.statuses, "")[1], "counts": pair.counts,
                "reading": pair.reading, "resampled": basis and basis.kind, "authors": basis and basis.authors,
                "rows": basis and basis.rows,
            }  # fmt: skip
            for quantity, n in pair.numbers.items():
                values = {"value": n.value, "other_value": n.other, "difference": n.difference}
                interval = {"low": n.low, "high": n.high, "share_above": n.share_above, "no_interval": n.why}
                table.writerow({**about, "quantity": quantity, **values, **interval})
        if not finding.comparisons:
            table.writerow({**about, "reading": finding.because})
    return text.getvalue()
