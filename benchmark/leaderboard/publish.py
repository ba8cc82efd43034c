"""Publishing a board: its records, where all are fit for it, and the tables made anew from them."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path

from benchmark.common.errors import UserError
from benchmark.common.files import atomic_path
from benchmark.leaderboard.board import Board
from benchmark.leaderboard.build import build, write
from benchmark.leaderboard.grouping import newest
from benchmark.leaderboard.marks import MEANING, UNFIT, git, marks
from benchmark.leaderboard.published_as import LEFT_OUT, ROOT
from benchmark.records.record import Record, load_records, record_path, scores_path
from benchmark.records.reproduction import reproduce
from benchmark.records.soundness import unpublishable

OF_A_SWEEP = ("sweep.csv", "selected.toml", "sensitivity.csv")  # instead of a board: trials are no rows to compare


def publish(
    folder: str | Path,
    name: str | None = None,
    root: str | Path = ROOT,
    *,
    scores: bool = True,
    replace: bool = False,
    say: Callable[[str], None] = lambda text: None,
    write_claims: Callable[[Path, str], None] | None = None,
    write_pages: Callable[[Path, Board], None] | None = None,
) -> Path:
    """Copy a board's records to ``root/<name>/records``, with their scores, and write the board there.

    Of a sweep the trials' records are copied, and the files that it wrote on them.

    Of a board every number that the scores allow is measured again, and reproduced.json says which they are; a number that is not
    what its scores give keeps the board from being published.

    Failed runs have no numbers and stay behind; the published board names them in its notes.

    Args:
        folder: the board's own folder.
        name: of the publication; by default the board's.
        scores: whether the per-token scores are published too, some megabytes a run.
        replace: whether an earlier publication of that name is replaced as a whole, save for its README.md.
        say: called with a line on each record that was measured again.
        write_claims: called with the publication's folder and name where the board has RKLD, to write how RKLD's
            claims fare on it.
        write_pages: called with the publication's folder and board, to write the pages that go with it.

    Returns:
        The folder of the publication.

    Raises:
        UserError: a record is dirty, partial or of no known commit; a split has no retrained model; nothing ran; a number is not
            what its scores give; a bad name, or one that is taken.
    """
    folder, root = Path(folder), Path(root)
    records, _ = newest(load_records(folder))
    sweep = [folder / file for file in OF_A_SWEEP if (folder / file).exists()]
    # Trials may read some of the rows (sweep.limit), a board's rows may not.
    unfit = [mark for mark in UNFIT if mark != "partial" or not sweep]
    problems = [f"  {record.label}: {', '.join(why)}" for record in records if (why := _reasons(record, folder, unfit))]
    if problems:
        raise UserError(
            f"{len(problems)} of {len(records)} records of {folder} cannot be published:\n"
            + "\n".join(problems)
            + "\nCommit your changes and run again with --fresh, from a git checkout without scoring.limit."
        )
    clean = [record for record in records if record.status != "failed"]
    if not clean:
        raise UserError(f"every run in {folder} failed: nothing to publish. See the logs there, then run again")
    if not sweep and (splits := _without_retrained(clean)):
        raise UserError(
            f"{folder} has no retrained model for {', '.join(splits)}, so its rows are compared with nothing: run the same command "
            "again with one (retrained_seeds = [0, 1, 2], or model.retrained), or leave that split out"
        )
    name = name or clean[0].board
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}", name):
        raise UserError(f"{name!r} does not do as a board's name: use at most 100 letters, digits, '.', '_' and '-'")
    place = root / name
    held = {path.name for path in place.iterdir()} if place.is_dir() else set()
    if "records" in held and not replace:
        raise UserError(
            f"{place} holds a published board: --name OTHER publishes beside it, --replace puts this one in its place"
        )
    if place.is_file() or ("records" not in held and held - {"README.md"}):
        raise UserError(
            f"{place} holds files that are no board's, and a board would take their place: give another --name"
        )
    failed = [f"{LEFT_OUT}{r.label} ({r.reason})" for r in records if r.status == "failed"]
    with atomic_path(place) as temporary:
        _copy(folder, temporary, clean)
        if sweep:
            for path in sweep:
                shutil.copyfile(path, temporary / path.name)
        else:
            reproduce(temporary, folder, scores=scores, say=say)
            board = build(temporary, name=name, notes=failed)
            write(temporary, board)
            if write_pages is not None:
                write_pages(temporary, board)
            if write_claims is not None and any(record.method == "rkld" for record in clean):
                write_claims(temporary, name)
        if not scores:
            for path in temporary.glob("records/*/*.parquet"):
                path.unlink()
        if (by_hand := place / "README.md").exists():
            shutil.copyfile(by_hand, temporary / "README.md")
    return place


def _without_retrained(records: Iterable[Record]) -> list[str]:
    """Splits of methods that ran here of which no retrained model is among the records; logs are published as they are."""
    records = list(records)
    known = {record.split for record in records if record.method == "retrained"}
    return sorted({r.split for r in records if r.role == "method" and r.source == "run"} - known)


def _reasons(record: Record, folder: Path, unfit: Iterable[str]) -> list[str]:
    """Why a record cannot be published."""
    scores = scores_path(record_path(folder, record.method, record.key))
    unsound = unpublishable(record.status, record.metrics, scores) if record.source == "run" else []
    unknown = [] if git(record).get("commit") else ["the git commit is not known"]
    return [MEANING[mark] for mark in marks(record) if mark in unfit] + unknown + unsound


def _copy(folder: Path, target: Path, records: Iterable[Record]) -> None:
    for record in records:
        path = record_path(folder, record.method, record.key)
        copy = record_path(target, record.method, record.key)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, copy)
        if scores_path(path).exists():
            shutil.copyfile(scores_path(path), scores_path(copy))
