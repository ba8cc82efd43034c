"""Whether sets have equal scores, to the last digit."""

from dataclasses import astuple

import numpy as np


def assert_same_rows(ours, theirs, rows=None):
    """``rows``: the numbers of the rows to compare; None: all."""
    assert len(ours) == len(theirs)
    for i in range(len(ours)) if rows is None else rows:
        for name in ("generated", "gold", "questions", "values", "authors"):
            assert getattr(ours, name)[i] == getattr(theirs, name)[i], (name, i)
        for one, other in zip(answers(ours, i), answers(theirs, i), strict=True):
            for left, right in zip(astuple(one), astuple(other), strict=True):
                np.testing.assert_array_equal(left, right)


def answers(scores, i):
    """All scored answers of a row."""
    return [a for a in (scores.answers[i], scores.paraphrases[i], *scores.wrong[i]) if a is not None]
