"""The one exception that means: the input is wrong, and here is what to do about it."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


class UserError(ValueError):
    """Something that the user can mend. The message says what was found and what to do."""


def unknown_name(kind: str, name: str, known: Iterable[str]) -> UserError:
    """An error for a name that does not exist, with the nearest ones that do."""
    known = sorted(known)
    near = get_close_matches(name, known, n=3, cutoff=0.5)
    hint = f"did you mean {' or '.join(repr(n) for n in near)}?" if near else f"there are: {', '.join(known)}"
    return UserError(f"unknown {kind} {name!r}; {hint}")
