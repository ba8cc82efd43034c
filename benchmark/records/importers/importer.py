"""``import``: a log of another suite becomes a record, measured anew, with what the log claims beside it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from benchmark.common.errors import UserError, unknown_name
from benchmark.common.files import content_key, file_hash
from benchmark.common.provenance import git_state, packages
from benchmark.evaluation.scores import Scores
from benchmark.records.importers import open_unlearning
from benchmark.records.importers import tofu as tofu_logs
from benchmark.records.importers.checks import check_reference, check_sizes, find_split, prompts_differ
from benchmark.records.importers.json_values import names, read_log
from benchmark.records.importers.log import Log, texts_known
from benchmark.records.importers.measure import REPLICAS, measure
from benchmark.records.record import Record, save_record

FORMATS = {"tofu": tofu_logs.parse, "open-unlearning": open_unlearning.parse}
VERSION = 1  # raised when the same log would give other scores
TOLERANCE = 1e-3  # relative; above it a claim and our number are said to differ
NO_RETRAINED = "none"
FOLDERS = r"evals?|eval_results|results|logs|ds_size\d+|checkpoint-\d+"  # that say nothing of the method
HOW_TO_RETRAIN = (
    "forget quality compares with the per-row forget values of a retrained model: give its log, of the same format "
    "and split, as --retrained FILE2; or --retrained none, and forget quality is left to what the log reports"
)


def import_log(
    file: Path,
    retrained: Path | None,
    format: str,
    out: Path,
    method: str | None = None,
    split: str | None = None,
    seed: int = 0,
) -> Record:
    """Write a record (and the scores) of a log, and of its retrained model's log, into the board ``out``.

    Args:
        retrained: the retrained model's log; ``Path("none")`` to do without. A summary needs none.
        method: the row's name; by default that of the log's folder.
        split: forget01, forget05 or forget10; by default as the log tells.

    Raises:
        UserError: a log is damaged, foreign, of other rows or of another format; nothing is written then.
    """
    if format not in FORMATS:
        raise unknown_name("log format", format, FORMATS)
    file, name = Path(file), _method(Path(file), method)
    log = _parse(file, format)
    needed = log.scores is not None and not _lacks_forget(log.scores)
    if needed and retrained is None:
        raise UserError(f"{file}: {HOW_TO_RETRAIN}")
    split = find_split(log.scores, split, file)
    partial = log.scores is not None and check_sizes(log.scores, split, file)
    reference = None
    if needed and str(retrained) != NO_RETRAINED:
        reference = _reference(file, log.scores, Path(retrained), format, out, split)
    record, scores = _record(file, log, format, out, name, split, seed, partial), log.scores
    if reference is not None:
        base, base_scores = reference
        record.key = content_key({"log": record.key, "retrained": base.key})
        record.reference_key = base.key
        record.provenance["prompts_differ"] = prompts_differ(scores, base_scores)
        save_record(out, base, base_scores)
    measured = measure(scores, reference and reference[1])
    record.metrics = {column: m.to_json() for column, m in measured.items()}
    record.provenance["differences"] = differences(record)
    save_record(out, record, scores)
    return record


def _parse(file: Path, format: str) -> Log:
    data = read_log(file)
    try:
        return FORMATS[format](data)
    except UserError as error:
        raise UserError(f"{file}: {error}") from None


def _lacks_forget(scores: Scores) -> bool:
    absent = scores.meta["absent"].get("forget", {})
    return "forget" not in scores or bool(absent.keys() & {"paraphrases", "wrong"})


def _reference(
    file: Path, scores: Scores, retrained: Path, format: str, out: Path, split: str
) -> tuple[Record, Scores]:
    """The record of the retrained model's log, and its scores."""
    log = _parse(retrained, format)
    if file_hash(retrained) == file_hash(file):
        raise UserError(f"{retrained}: expected the retrained model's log, found the same contents as in {file}")
    check_reference(scores, log.scores, file, retrained)
    find_split(log.scores, split, retrained)
    partial = check_sizes(log.scores, split, retrained)
    record = _record(retrained, log, format, out, "retrained", split, 0, partial, reference=True)
    record.metrics = {column: m.to_json() for column, m in measure(log.scores, None).items()}
    record.provenance["differences"] = differences(record)
    return record, log.scores


def _record(
    file: Path, log: Log, format: str, out: Path, method: str, split: str, seed: int, partial: bool, **more: Any
) -> Record:
    digest = file_hash(file)
    key = content_key({"imported": [VERSION, format, digest, method, split, seed], **more})
    about = {"name": file.name, "folder": file.resolve().parent.name, "sha256": digest, "bytes": file.stat().st_size}
    return Record(
        key=key,
        board=Path(out).name,
        method=method,
        split=split,
        seed=seed,
        status="ok",
        partial=partial,
        source="imported",
        config={"format": format},
        dataset=_dataset(log.scores),
        model={"identity": digest},
        reported=log.reported,
        provenance={"git": git_state(), "packages": packages(), "file": about, "format": format},
        **more,
    )


def _dataset(scores: Scores | None) -> dict[str, Any]:
    """Rows by set, and a hash of the gold answers where the log has them."""
    if scores is None:
        return {"name": "unknown (summary)", "identity": None}
    golds = {name: rows.gold for name, rows in sorted(scores.sets.items()) if texts_known(rows)}
    return {
        "name": "as in the log",
        "identity": content_key(golds) if golds else None,
        "rows": {name: len(rows) for name, rows in scores.sets.items()},
    }


def _method(file: Path, method: str | None) -> str:
    """The row's name, fit for a folder's."""
    folders = [part for part in file.resolve().parts[1:-1] if not re.fullmatch(FOLDERS, part)]
    name = method if method is not None else (folders or [file.stem])[-1]
    name = re.sub(r"[^\w.+-]+", "_", name, flags=re.ASCII).strip("._")
    if not name:
        raise UserError(f"{method!r} leaves no name for the row; give --method letters or digits")
    return name


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
