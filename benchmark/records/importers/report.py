"""What there is to say of an imported log: what was computed, what could not be, and where it claims otherwise."""

from __future__ import annotations

from benchmark.records.importers.json_values import names
from benchmark.records.importers.measure import REPLICAS
from benchmark.records.record import REFERENCE_ROWS, Record

TOLERANCE = 1e-3  # relative; above it a claim and our number are said to differ


def differences(record: Record) -> dict[str, list[float]]:
    """Column -> [claim of the log, our number], where they are more than TOLERANCE apart."""
    pairs = {name: [claim, record.value(name)] for name, claim in record.reported.items()}
    return {name: pair for name, pair in pairs.items() if None not in pair and not _agree(*pair)}


def _agree(claim: float, value: float | None) -> bool:
    return value is not None and abs(claim - value) <= TOLERANCE * max(abs(claim), abs(value))


def report_lines(record: Record) -> list[str]:
    """What was imported, in lines to print."""
    measured = [name for name, m in record.metrics.items() if m["value"] is not None]
    rows = ", ".join(f"{n} {name}" for name, n in record.dataset.get("rows", {}).items()) or "no rows"
    lines = [
        f"imported: {record.method} {record.split} ({rows}{'; partial' if record.partial else ''}): "
        f"{len(measured)} of {len(record.metrics)} metrics computed, {len(record.reported)} reported by the log"
    ]
    if record.method in REFERENCE_ROWS:
        lines.append(f"row: {record.method}: a model to compare with, no ranked method; --method NAME renames it")
    for other in record.provenance.get("replaces", []):
        lines.append(f"note: takes the place of {other}; another --method, --seed or --out keeps both")
    if record.provenance.get("prompts_differ"):
        lines.append("note: the retrained model was asked the same questions with other prompts")
    reasons: dict[str, list[str]] = {}
    for column, m in record.metrics.items():
        if m["value"] is None:
            reasons.setdefault("; ".join(m["undefined"]), []).append(column)
    lines += [f"not computed: {names(columns)}: {reason}" for reason, columns in reasons.items()]
    for column, (claim, value) in record.provenance.get("differences", {}).items():
        alike = [replica for replica in _replicas(record, column) if _agree(claim, record.value(replica))]
        why = f"; {alike[0]} gives the reported value" if alike else ""
        lines.append(f"differs: {column}: reported {claim:.6g}, computed {value:.6g}{why}")
    return lines


def _replicas(record: Record, column: str) -> list[str]:
    """Columns of the same record that compute as another suite does."""
    return [name for name in record.metrics if name in {f"{column}{ending}" for ending in REPLICAS}]
