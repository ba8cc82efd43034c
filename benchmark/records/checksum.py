"""A record's checksum: a changed digit leaves a record valid JSON, and nothing else would show it."""

from __future__ import annotations

import hashlib
import json
from typing import Any

FIELD = "checksum"


def checksum(content: dict[str, Any]) -> str:
    """SHA-256, in hex, of a record's JSON without this field, whatever its spaces and the order of its keys."""
    kept = {key: value for key, value in content.items() if key != FIELD}
    text = json.dumps(kept, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()


def with_checksum(content: dict[str, Any]) -> dict[str, Any]:
    """The content as it is to be written."""
    as_read = json.loads(
        json.dumps(content, allow_nan=False)
    )  # what a reader will have: lists for tuples, texts for keys
    return {**content, FIELD: checksum(as_read)}


def is_changed(data: dict[str, Any]) -> bool:
    """Whether what was read is not what was written; False where no checksum stands, as in records of before version 0.3."""
    return data.get(FIELD) is not None and data[FIELD] != checksum(data)
