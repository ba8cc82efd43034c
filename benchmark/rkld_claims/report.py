"""Findings as ``claims.md`` for readers and ``claims.csv`` with every number in full."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from benchmark.common.files import as_csv, write_text
from benchmark.common.seed_names import seed_names
from benchmark.rkld_claims.comparisons import Finding
from benchmark.rkld_claims.page import markdown

FIELDS = [
    "claim", "split", "verdict", "row", "other", "quantity", "value", "other_value", "difference", "low", "high",
    "below", "p", "not_tested", "authors", "rows", "seeds", "row_status", "other_status", "test", "p_comparison",
    "p_holm", "counts", "reading",
]  # fmt: skip


def write_claims(folder: str | Path, findings: list[Finding], name: str | None = None) -> tuple[Path, Path]:
    """Write ``claims.md`` and ``claims.csv`` into ``folder``, each whole or not at all.

    Args:
        name: of the board; by default the folder's.
    """
    folder = Path(folder)
    write_text(folder / "claims.md", markdown(findings, name or folder.resolve().name))
    write_text(folder / "claims.csv", csv_text(findings))
    return folder / "claims.md", folder / "claims.csv"


def csv_text(findings: list[Finding]) -> str:
    """A line each quantity of each comparison; a claim that was not run has one line without numbers.

    low, high, below (authors in which the first row is below the second), p and authors are the quantity's own;
    p_comparison and p_holm are the comparison's, before and after Holm's correction.
    """
    lines: list[dict[str, Any]] = []
    for finding in findings:
        about: dict[str, Any] = {"claim": finding.claim, "split": finding.split, "verdict": finding.verdict}
        for pair in finding.comparisons:
            part_p = {quantity: part.p for quantity, part in zip(pair.rule.signs, pair.parts, strict=False)}
            about |= {
                "split": pair.split, "row": pair.row, "other": pair.other, "seeds": " ".join(seed_names(pair.seeds)),
                "row_status": pair.statuses[0], "other_status": (*pair.statuses, "")[1], "counts": pair.counts,
                "reading": pair.reading, "rows": pair.basis and pair.basis.rows, "test": pair.test,
                "p_comparison": pair.outcome and pair.outcome.p, "p_holm": pair.adjusted,
            }  # fmt: skip
            for quantity, n in pair.numbers.items():
                values = {"value": n.value, "other_value": n.other, "difference": n.difference}
                over_authors = {
                    "low": n.low, "high": n.high, "below": n.below, "p": part_p.get(quantity), "not_tested": n.why,
                    "authors": None if n.differences is None else len(n.differences),
                }  # fmt: skip
                lines.append({**about, "quantity": quantity, **values, **over_authors})
        if not finding.comparisons:
            lines.append({**about, "reading": finding.because})
    return as_csv(FIELDS, [[line.get(field) for field in FIELDS] for line in lines])
