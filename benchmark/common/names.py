"""Names that become folders, files and table cells: what they may hold, so that none leaves the place it is meant for."""

from __future__ import annotations

import unicodedata
from typing import Annotated

from pydantic import AfterValidator

LONGEST = 200  # bytes: file systems take 255, and keys and suffixes come behind a name


def one_line(text: str) -> str:
    """The text, if it is one line that every file and terminal can show.

    Raises:
        ValueError: it holds a line break, another control character or half of a character.
    """
    if odd := next((c for c in text if unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp")), None):
        raise ValueError(f"{text[:LONGEST]!r} holds {odd!r}: leave line breaks and control characters out")
    return text


def file_name(text: str) -> str:
    """The text, if it is the name of one file or folder in any folder.

    Raises:
        ValueError: it is empty, too long, begins or ends with a dot or a space, or holds a character that leads elsewhere.
    """
    one_line(text)
    if not text or text.strip(". ") != text:
        raise ValueError(f"{text!r} does not do as a file's name: begin and end it with a letter or a digit")
    if odd := next((c for c in text if c in "/\\:*?<>|"), None):
        raise ValueError(f"{text[:LONGEST]!r} does not do as a file's name: leave {odd!r} out")
    if len(text.encode()) > LONGEST:
        raise ValueError(f"{text[:20]!r}... is too long for a file's name: take at most {LONGEST} bytes")
    return text


Line = Annotated[str, AfterValidator(one_line)]
FileName = Annotated[str, AfterValidator(file_name)]
