"""Questions of the same form as others, by the syntactic similarity of benign relearning (arXiv 2602.03379).

    similarity(a, b) = 1 - Levenshtein(a, b) / max(|a|, |b|), over characters, authors' names replaced by one sign.

Questions that a template has made for two authors are then alike but for what else is in them of the author.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import lru_cache

import numpy as np

from benchmark.data.types import Example

WORD = re.compile(r"\w+")
NAME = "_"
OFTEN = 3  # questions of an author in which a word of the name stands, at least


@lru_cache(maxsize=8)
def most_similar(
    targets: tuple[Example, ...], candidates: tuple[Example, ...], everyone: tuple[Example, ...]
) -> tuple[Example, ...]:
    """For each target another candidate, the one whose question is most like the target's; fewer where they run out.

    Of equals it is one of the author who has given the fewest so far, and of those the first.

    Args:
        everyone: all rows of all authors, to tell names from other words.
    """
    names = name_words(everyone)
    texts = [_nameless(row, names) for row in candidates]
    number = {text: i for i, text in enumerate(dict.fromkeys(texts))}
    place = np.array([number[text] for text in texts], dtype=np.int64)
    taken, given = np.zeros(len(candidates), dtype=bool), Counter[int | None]()
    chosen = []
    for target in targets[: len(candidates)]:
        alike = similarities(_nameless(target, names), list(number))[place].round(9)
        turns = np.array([given[row.author] for row in candidates])
        order = np.lexsort((turns, -alike, taken))  # stable: of equals the first
        taken[order[0]] = True
        chosen.append(candidates[order[0]])
        given[chosen[-1].author] += 1
    return tuple(chosen)


def name_words(rows: Iterable[Example]) -> dict[int | None, set[str]]:
    """Author -> the words of the name: in three questions of the author or more, and in more of them than of all others'."""
    own: dict[int | None, Counter[str]] = {}
    for row in rows:
        own.setdefault(row.author, Counter()).update(set(WORD.findall(row.question)))
    total: Counter[str] = Counter()
    for counts in own.values():
        total.update(counts)
    return {
        author: {word for word, count in counts.items() if count >= OFTEN and 2 * count > total[word]}
        for author, counts in own.items()
    }


def similarities(text: str, others: Sequence[str]) -> np.ndarray:
    """[n] similarity of a text to each of the others, in [0, 1]; two empty texts are alike."""
    lengths = np.array([len(other) for other in others], dtype=np.int64)
    letters = np.zeros((len(others), int(lengths.max(initial=0))), dtype=np.int32)
    for i, other in enumerate(others):
        letters[i, : len(other)] = [ord(letter) for letter in other]
    columns = np.arange(letters.shape[1] + 1, dtype=np.int32)
    row = np.tile(columns, (len(others), 1))  # [n, width + 1]: distance of what was read of text to each beginning
    for read, letter in enumerate(text, start=1):
        new = np.full_like(row, read)
        new[:, 1:] = np.minimum(row[:, 1:] + 1, row[:, :-1] + (letters != ord(letter)))
        row = np.minimum.accumulate(new - columns, axis=1) + columns  # a letter more of the other costs 1 each
    distance = row[np.arange(len(others)), lengths]
    similarity: np.ndarray = 1 - distance / np.maximum(lengths, max(len(text), 1))
    return similarity


def _nameless(row: Example, names: dict[int | None, set[str]]) -> str:
    own = names.get(row.author, set())
    text = WORD.sub(lambda match: NAME if match.group() in own else match.group(), row.question)
    return re.sub(rf"{NAME}(?:\W{{0,2}}{NAME})+", NAME, text)
