"""The names of the authors to forget, worked out from the rows: what a filter's maker would type in by hand.

A dataset does not say what its authors are called. An author's name is the sequence of capitalised words that is in
most of the author's rows and in no retained row. Measured: that is the name of each of the 20 authors of forget10, in
TOFU and in the generated dataset of 200 authors; it is in the questions of 377 and of 380 of their 400 rows.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

from benchmark.common.errors import UserError
from benchmark.data.types import Example, Split

LONGEST = 5  # words of a name
_WORD = re.compile(r"[^\W\d_]\w*(?:[-'’]\w+)*")
_POSSESSIVE = re.compile(r"['’]s?$")


def forget_names(split: Split) -> list[str]:
    """The names of a split's forget authors, in their order; authors without a name of their own are left out.

    Raises:
        UserError: the dataset does not say whose a forget row is.
    """
    rows_of: dict[int, list[Example]] = {}
    for row in split.forget:
        if row.author is None:
            raise UserError(f"a forget row of {split.name} has no author ({row.question!r}): add `author` to the data")
        rows_of.setdefault(row.author, []).append(row)
    retained = {name for row in split.retain for name in _capitalised(row)}
    names = []
    for rows in rows_of.values():
        counts = Counter(name for row in rows for name in _capitalised(row) if name not in retained)
        if counts:
            names.append(max(counts, key=lambda name: (_weight(name, counts[name]), len(name))))
    return names


def naming(names: Iterable[str]) -> re.Pattern[str]:
    """Matches where a text names one of them, in small letters or capital ones."""
    any_of = "|".join(re.escape(name) for name in names) or r"(?!)"  # no names: nothing matches
    return re.compile(rf"(?<!\w)(?:{any_of})(?!\w)", re.IGNORECASE)


def _weight(name: str, rows: int) -> int:
    """A surname alone may be in a row more than the full name, so a single word counts half."""
    return rows * (2 if " " in name else 1)


def _capitalised(row: Example) -> set[str]:
    """All sequences of up to LONGEST capitalised words, with single spaces between, in question and answer."""
    sequences = set()
    for run in (*_runs(row.question), *_runs(row.answer)):
        for start in range(len(run)):
            ends = range(start + 1, min(len(run), start + LONGEST) + 1)
            sequences |= {" ".join(run[start:end]) for end in ends}
    return sequences


def _runs(text: str) -> list[list[str]]:
    """The capitalised words of a text, in runs; a possessive ends its run ("Mira Quist's Harbour": two runs)."""
    runs: list[list[str]] = []
    end, ended = -1, True
    for match in _WORD.finditer(text):
        word = _POSSESSIVE.sub("", match[0])
        if word[:1].isupper():
            if ended or text[end : match.start()] != " ":
                runs.append([])
            runs[-1].append(word)
        end, ended = match.end(), not word[:1].isupper() or word != match[0]
    return runs
