"""A share of two means, author by author: what pairs and ranks of such a column are tested on.

A share is mean left / mean whole over n rows of G authors (``residual``, say: candidate minus retrained over fine-tuned minus retrained). An
author's part is G * (sum of left over the author's rows) / (sum of whole over all rows): the parts' mean is the share, and a row
weighs the same whoever's it is. The denominator is that of all rows, which is no ratio of small numbers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

PREFIX = "author_"  # in a measurement's ``extra``; behind it the author's number


@dataclass(frozen=True)
class Sides:
    """Numerator and denominator of a share, row by row, on the rows that define both."""

    left: np.ndarray  # [n]
    whole: np.ndarray  # [n]
    authors: np.ndarray  # [n] numbers; -1 for a row of nobody


def author_parts(sides: Sides) -> dict[str, float]:
    """ "author_<number>" -> the author's part; {} where a row is nobody's or the parts are not finite."""
    names, codes = np.unique(sides.authors, return_inverse=True)
    total = float(sides.whole.sum())
    if not len(names) or names[0] < 0 or not total:
        return {}
    parts = len(names) * np.bincount(codes, weights=sides.left) / total
    return (
        {f"{PREFIX}{name}": float(part) for name, part in zip(names, parts, strict=True)}
        if np.isfinite(parts).all()
        else {}
    )


def parts_of(extra: Mapping[str, object]) -> dict[int, float]:
    """Author -> part, from a measurement's ``extra``."""
    return {
        int(key.removeprefix(PREFIX)): float(part)
        for key, part in extra.items()
        if key.startswith(PREFIX) and isinstance(part, int | float)
    }
