"""The one exception that means: the input is wrong, and here is what to do about it."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def did_you_mean(name: str, known: Iterable[str], most: int = 3) -> str:
    """A hint at the nearest known names, or else all of them."""
    known = sorted(known)
    near = get_close_matches(name, known, n=most, cutoff=0.5)
    return f"did you mean {' or '.join(map(repr, near))}?" if near else f"there are: {', '.join(known)}"


class UserError(ValueError):
    """Something that the user can mend. The message says what was found and what to do."""


def unknown_name(kind: str, name: str, known: Iterable[str]) -> UserError:
    """An error for a name that does not exist, with the nearest ones that do."""
    return UserError(f"unknown {kind} {name!r}; {did_you_mean(name, known)}")
