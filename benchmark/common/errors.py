"""The one exception that means: the input is wrong, and here is what to do about it."""

from __future__ import annotations

import errno
from collections.abc import Iterable
from difflib import get_close_matches


def did_you_mean(name: str, known: Iterable[str], most: int = 3) -> str:
    """A hint at the nearest known names, or else all of them."""
    known = sorted(known)
    near = get_close_matches(name, known, n=most, cutoff=0.5)
    return f"did you mean {' or '.join(map(repr, near))}?" if near else f"there are: {', '.join(known)}"


class UserError(ValueError):
    """Something that the user can mend. The message says what was found and what to do."""


DO_INSTEAD = {
    errno.ENOENT: "check the name",
    errno.EACCES: "choose a folder that you may write to",
    errno.EPERM: "choose a folder that you may write to",
    errno.EROFS: "choose a folder on a disk that can be written",
    errno.EISDIR: "it is a folder where a file belongs; move it away or choose another name",
    errno.ENOTDIR: "a part of its name is a file where a folder belongs; choose another name",
    errno.EEXIST: "it is a file where a folder belongs; choose another name",
    errno.ENOTEMPTY: "it is a folder with something in it; move it away or choose another name",
    errno.ENAMETOOLONG: "choose a shorter name",
    errno.ELOOP: "its links lead in a circle; choose another name",
    errno.ENOSPC: "free some space and run the same command again: what is finished is kept",
    errno.EDQUOT: "free some of your space and run the same command again: what is finished is kept",
    errno.EFBIG: "raise the limit on file sizes (ulimit -f) and run the same command again: what is finished is kept",
    errno.EMFILE: "raise the limit on open files (ulimit -n) and run the same command again",
}


def system_error(error: OSError) -> str | None:
    """One line on what the system refused, with what to do; None for errors that no user can mend."""
    if error.errno not in DO_INSTEAD:
        return None
    name = error.filename if error.filename2 is None else error.filename2  # what it was to be called
    place = f"{name}: " if name is not None else ""
    return f"{place}{error.strerror}; {DO_INSTEAD[error.errno]}"


def unknown_name(kind: str, name: str, known: Iterable[str]) -> UserError:
    """An error for a name that does not exist, with the nearest ones that do."""
    return UserError(f"unknown {kind} {name!r}; {did_you_mean(name, known)}")


def damaged(what: object, why: object) -> UserError:
    """A file that this project wrote cannot be read as what it should be: what to do, whichever command found it."""
    return UserError(
        f"{what} is damaged ({why}). Delete it and repeat the command that wrote it, `run` for a record: only what it held is "
        "redone. Of a published board `git checkout` brings it back."
    )
