"""What keeps a page from acting on its contents: data that cannot end their script element, and a policy without a network.

Names, reasons, questions and answers come from models and from other people's logs. They reach a page in two ways only: as
text in a template with autoescape on, and in one JSON block that scripts read and show as ``textContent``. The policy then
refuses whatever got past both: no script but those whose hash it names, no event handlers, no request to anywhere.
"""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any

# JSON in a script element ends at "</script"; the two separators were no part of a JavaScript string before 2019.
ESCAPES = {ord(c): f"\\u{ord(c):04x}" for c in "<>&\u2028\u2029"}


def json_block(value: Any) -> str:
    """The value as JSON that stands inside a script element and reads back the same.

    Raises:
        ValueError: a number is not finite.
    """
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.translate(ESCAPES)


def source_hash(text: str) -> str:
    """How a policy names an inline script or style: by the SHA-256 of its text."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def policy(script: str, style: str) -> str:
    """The Content-Security-Policy of a page with one script and one style element; "" for a page without a script.

    No ``unsafe-eval``: this is why pictures are not drawn by Vega in the browser, whose expressions are compiled there (its
    interpreter apart); 0.9 MB of it would be nine tenths of a page. Pictures are small SVG elements with titles and links.
    """
    scripts = source_hash(script) if script else "'none'"
    parts = {
        "default-src": "'none'",
        "script-src": scripts,
        "style-src": source_hash(style),
        "img-src": "data:",
        "connect-src": "'none'",
        "base-uri": "'none'",
        "form-action": "'none'",
    }
    return "; ".join(f"{name} {value}" for name, value in parts.items())
