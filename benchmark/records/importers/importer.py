"""``import``: a log of another suite becomes a record, measured anew, with what the log claims beside it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmark.common.errors import UserError, unknown_name
from benchmark.common.files import content_key, file_hash
from benchmark.common.provenance import git_state, packages
from benchmark.evaluation.scores import Scores
from benchmark.records.importers import open_unlearning
from benchmark.records.importers import tofu as tofu_logs
from benchmark.records.importers.checks import check_reference, check_sizes, find_split, prompts_differ
from benchmark.records.importers.json_values import read_log
from benchmark.records.importers.log import Log, texts_known
from benchmark.records.importers.measure import measure
from benchmark.records.importers.report import differences
from benchmark.records.record import REFERENCE_ROWS, Record, load_record, record_path, save_record

FORMATS = {"tofu": tofu_logs.parse, "open-unlearning": open_unlearning.parse}
VERSION = 2  # raised when the same log would give other scores
NO_RETRAINED = "none"
FOLDERS = r"evals?(_forget\d\d)?|eval_results|results|logs|ds_size\d+|checkpoint-\d+"  # say nothing of the method
# What both suites' scripts call the folder of a model that no method has touched: tofu_Llama-3.2-1B-Instruct_full,
# ft_epoch5_lr1e-05_llama2-7b_retain90_wd0.01. An unlearned model's has the forget split before the method's name.
MODELS = {
    "finetuned": r"(ft|tofu)_(?!.*forget\d\d_).*_full(_.*)?",
    "retrained": r"(ft|tofu)_(?!.*forget\d\d_).*_retain\d\d(_.*)?",
}
HOW_TO_RETRAIN = (
    "forget quality compares with the per-row forget values of a retrained model: give its log, of the same format "
    "and split, as --retrained FILE2; or --retrained none, and forget quality is left to what the log reports"
)


def import_log(
    file: str | Path,
    retrained: str | Path | Sequence[str | Path] | None,
    format: str,
    out: str | Path,
    method: str | None = None,
    split: str | None = None,
    seed: int = 0,
) -> Record:
    """Write a record (and the scores) of a log, and of its retrained model's log, into the board ``out``.

    Args:
        retrained: the retrained model's log, or several of them, which the distance needs; ``"none"`` to do without. A
            summary needs none. TOFU's forget quality compares with the first.
        method: the row's name; by default that of the log's folder. Rows named finetuned, retrained or base are models to
            compare with and no methods; folders that are named as both suites name such models are told.
        split: forget01, forget05 or forget10; by default as the log tells.

    Raises:
        UserError: a log is damaged, foreign, of other rows or of another format; nothing is written then.
    """
    if format not in FORMATS:
        raise unknown_name("log format", format, FORMATS)
    file, out, name = Path(file), Path(out), _method(Path(file), method)
    log = _parse(file, format)
    needed = log.scores is not None and not _lacks_forget(log.scores)
    known = [retrained] if isinstance(retrained, str | Path) else list(retrained or ())
    if needed and not known:
        raise UserError(f"{file}: {HOW_TO_RETRAIN}")
    split = find_split(log.scores, split, file)
    partial = log.scores is not None and check_sizes(log.scores, split, file)
    references = []
    if needed and [str(path) for path in known] != [NO_RETRAINED]:
        _check_distinct(known)
        references = [
            _reference(file, log.scores, Path(path), format, out, split, number) for number, path in enumerate(known)
        ]
    record, scores = _record(file, log, format, out, name, split, seed, partial), log.scores
    if references:
        keys = [base.key for base, _ in references]
        record.key = content_key({"log": record.key, "retrained": keys[0] if len(keys) == 1 else keys})
        record.reference_key, record.compared_with = keys[0], {"retrained": keys}
        record.provenance["prompts_differ"] = any(prompts_differ(scores, other) for _, other in references)
        record.provenance["replaces"] = [line for base, _ in references for line in _replaced(out, base)]
        for base, base_scores in references:
            save_record(out, base, base_scores)
    record.provenance["replaces"] = [*record.provenance.get("replaces", []), *_replaced(out, record)]
    measured = measure(scores, [other for _, other in references])
    record.metrics = {column: m.to_json() for column, m in measured.items()}
    record.provenance["differences"] = differences(record)
    save_record(out, record, scores)
    return record


def _check_distinct(logs: Sequence[str | Path]) -> None:
    hashes = [file_hash(Path(path)) for path in logs if Path(path).is_file()]
    if len(set(hashes)) < len(hashes):
        raise UserError("--retrained: one log twice; the yardstick is how far different retrained models lie apart")


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
    file: Path, scores: Scores, retrained: Path, format: str, out: Path, split: str, number: int
) -> tuple[Record, Scores]:
    """The record of the retrained model's log, and its scores. It has a row of its own, without forget quality."""
    log = _parse(retrained, format)
    if file_hash(retrained) == file_hash(file):
        raise UserError(f"{retrained}: expected the retrained model's log, found the same contents as in {file}")
    check_reference(scores, log.scores, file, retrained)
    find_split(log.scores, split, retrained)
    partial = check_sizes(log.scores, split, retrained)
    record = _record(retrained, log, format, out, "retrained", split, number, partial, role="reference")
    record.metrics = {column: m.to_json() for column, m in measure(log.scores, []).items()}
    record.provenance["differences"] = differences(record)
    return record, log.scores


def _record(
    file: Path, log: Log, format: str, out: Path, method: str, split: str, seed: int, partial: bool, **role: str
) -> Record:
    """A record without metrics; ``role`` keeps the reference apart from another retrained model of the same seed."""
    digest = file_hash(file)
    key = content_key({"imported": [VERSION, format, digest, method, split, seed], **role})
    about = {"name": file.name, "folder": _folder(file), "sha256": digest, "bytes": file.stat().st_size}
    return Record(
        key=key,
        board=Path(out).name,
        method=method,
        split=split,
        seed=seed,
        role="model" if method in REFERENCE_ROWS else "method",
        status="ok",
        partial=partial,
        source="imported",
        config={"format": format, **role},
        dataset=_dataset(log.scores),
        model={"identity": digest},
        reported=log.reported,
        provenance={"git": git_state(), "packages": packages(), "file": about, "format": format},
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


def _folder(file: Path) -> str:
    """The nearest folder whose name says something of the log."""
    folders = [part for part in file.resolve().parts[1:-1] if not re.fullmatch(FOLDERS, part)]
    return (folders or [file.stem])[-1]


def _method(file: Path, method: str | None) -> str:
    """The row's name, fit for a folder's."""
    folder = _folder(file)
    known = [name for name, pattern in MODELS.items() if re.fullmatch(pattern, folder)]
    name = method if method is not None else [*known, folder][0]
    name = re.sub(r"[^\w.+-]+", "_", name, flags=re.ASCII).strip("._")
    if not name:
        raise UserError(f"{method!r} leaves no name for the row; give --method letters or digits")
    return name


def _replaced(out: Path, record: Record) -> list[str]:
    """What the board shows no longer: records of other logs under the same method, split and seed."""
    paths = sorted(record_path(out, record.method, record.key).parent.glob("[!.]*.json"))
    others = [load_record(path) for path in paths]
    place = (record.split, record.seed, record.config)
    return [
        f"{other.label} of {other.provenance['file'].get('folder')}"
        for other in others
        if (other.split, other.seed, other.config) == place
        and other.model != record.model
        and other.source == "imported"
    ]
