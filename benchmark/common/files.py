"""Files that are whole or absent, and content keys.

A run that dies must leave nothing half-written, so everything is written beside its place and renamed.
"""

from __future__ import annotations

import csv
import errno
import hashlib
import io
import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmark.common.errors import UserError, damaged

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)  # what the system says when it takes no more


def is_full(folder: str | Path, mebibytes: int = 1) -> bool:
    """Whether the folder's disk refuses a file of that size."""
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(bytes(mebibytes * 2**20))
            file.flush()
    except OSError as error:
        return error.errno in FULL
    return False


@contextmanager
def atomic_path(path: str | Path) -> Iterator[Path]:
    """Yield a path to write to (a file, or a folder to make); it takes ``path``'s place if all went well."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    # The suffix is kept at the end: some writers choose their format by it.
    temporary = path.with_name(f".{path.stem}.{os.getpid()}.part{path.suffix}")
    try:
        yield temporary
        if path.is_dir() and temporary.is_dir():  # a folder cannot be renamed onto one that holds files
            old = path.with_name(f".{path.name}.{os.getpid()}.old")
            os.replace(path, old)
            os.replace(temporary, path)
            shutil.rmtree(old)
        else:
            os.replace(temporary, path)
    finally:
        if temporary.is_dir():
            shutil.rmtree(temporary, ignore_errors=True)
        else:
            temporary.unlink(missing_ok=True)


def remove_half_written(folder: str | Path) -> None:
    """Remove what processes that were killed left beside the files and folders that they were writing in a folder."""
    for path in Path(folder).glob(".*"):
        if (writer := re.search(r"\.(\d+)\.(part|old)(\.|$)", path.name)) and not _is_alive(int(writer[1])):
            shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:  # another user's, or a number that is no process's
        pass
    return True


def write_text(path: str | Path, text: str) -> None:
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def as_csv(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """A table as CSV; floats with every digit, None as an empty cell, and no text that a spreadsheet takes for a formula."""
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")  # writes floats by their repr
    table.writerow(head)
    table.writerows([_inert(value) for value in row] for row in rows)
    return text.getvalue()


def _inert(value: Any) -> Any:
    """A cell's value; a text that begins like a formula gets an apostrophe before it, as OWASP advises, a number does not."""
    if not isinstance(value, str) or not value.lstrip().startswith(("=", "+", "-", "@")):
        return value
    try:
        float(value)
    except ValueError:
        return f"'{value}"
    return value


def write_json(path: str | Path, value: Any) -> None:
    write_text(path, json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False) + "\n")


def read_json(path: str | Path, kind: str) -> Any:
    """The file's JSON.

    Raises:
        UserError: the file cannot be read as JSON; ``kind`` names it in the message.
    """
    try:
        return json.loads(Path(path).read_text(encoding="utf-8"))
    except IsADirectoryError:
        raise UserError(f"{kind} {path} is a folder where a file belongs: move it away") from None
    except (ValueError, RecursionError) as error:  # no JSON, no UTF-8, or a number of thousands of digits
        raise damaged(f"{kind} {path}", error) from None


def content_key(parts: dict[str, Any]) -> str:
    """Hash of what an artefact is made from: the same key means the same artefact."""
    text = json.dumps(parts, sort_keys=True, ensure_ascii=False, allow_nan=False, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def file_hash(path: str | Path) -> str:
    """SHA-256 of a file's bytes, in hex."""
    with open(path, "rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()
