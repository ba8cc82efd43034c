"""Wrong records: a whole file, or one value in it, and a part of the message that a board of it gets."""

from __future__ import annotations

FILES = [
    ("", "is damaged"),
    ("{", "is damaged"),
    ("[]", "is damaged"),
    ("3", "is damaged"),
    (b"\xff\xfe", "is damaged"),
    ("[" * 100_000, "is damaged"),
    (None, "is a folder where a file belongs"),
]

VALUES = [  # where, separated by dots; what stands there; the message
    ("schema_version", 99, "was written by a later version; update"),
    ("method", "../../evil", "does not do as a file's name"),
    ("method", "/evil", "leave '/' out"),
    ("method", "", "does not do as a file's name"),
    ("method", "a\nb", "leave line breaks and control characters out"),
    ("method", "x" * 300, "too long for a file's name"),
    ("method", 3, "method: Input should be a valid string"),
    ("key", "../x", "does not do as a file's name"),
    ("split", "a\n| b", "leave line breaks and control characters out"),
    ("board", "a\nb", "leave line breaks and control characters out"),
    ("seed", "x", "seed: Input should be a valid integer"),
    ("seed", 1.5, "seed: Input should be a valid integer"),
    ("status", "great", "status: Input should be 'ok', 'diverged' or 'failed'"),
    ("role", "king", "role: Input should be"),
    ("dose", "much", "dose: Input should be a valid number"),
    ("metrics", [], "metrics: Input should be a valid dictionary"),
    ("metrics.forget_quality", 3, "metrics.forget_quality: Input should be a valid dictionary"),
    ("metrics.forget_quality.value", "high", "forget_quality has value 'high', which is no number"),
    ("metrics.forget_quality.value", float("nan"), "forget_quality has value nan, which is no number"),
    ("metrics.forget_quality.value", float("inf"), "forget_quality has value inf, which is no number"),
    ("metrics.forget_quality.value", True, "forget_quality has value True, which is no number"),
    ("metrics.forget_quality.value", [1], "forget_quality has value [1], which is no number"),
    ("seconds.total", -1, "is no length of time"),
    ("seconds.total", float("nan"), "is no length of time"),
    ("seconds", [], "seconds: Input should be a valid dictionary"),
    ("provenance.packages", [], "packages is list, not a table"),
    ("provenance.hardware", "fast", "hardware is str, not a table"),
    ("provenance.git", 3, "git is int, not a table"),
    ("config", [], "config: Input should be a valid dictionary"),
    ("losses", "x", "losses: Input should be a valid list"),
    ("forget_rows", [], "forget_rows: Input should be a valid dictionary"),
    ("compared_with", "x", "compared_with: Input should be a valid dictionary"),
]

UNPUBLISHABLE = [
    ("metrics.forget_quality.value", 7.0, "forget_quality 7 is outside 0 to 1"),
    ("metrics", {}, "it went well and has no numbers"),
    ("key", None, "scores"),  # as it is, without its scores
]
