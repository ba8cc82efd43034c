"""Token-level views of an answer. Its last token is always the closing EOS."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from benchmark.evaluation.scores import AnswerScores


FLOOR = 1e-3  # nats; OpenUnlearning floors the variance at 1e-6


def content_is_greedy(answer: AnswerScores) -> np.ndarray:
    """[L - 1] bool: was the gold token the most likely one, closing EOS left out."""
    return np.asarray(answer.is_greedy, dtype=bool)[:-1]


def no_content(answers: list[AnswerScores]) -> np.ndarray:
    """[n] bool: nothing is left of the answer without its closing EOS."""
    return np.array([len(a.is_greedy) == 1 for a in answers], dtype=bool)


def lowest_mean(values: np.ndarray) -> float:
    """Mean of the lowest 40 % of [L] numbers, at least of one; NaN for none.

    40 % of L is rounded down, in whole numbers: as a float, 0.4 * L may fall below the whole number it is.
    """
    if not len(values):
        return float("nan")
    count = max(1, 2 * len(values) // 5)
    return float(np.mean(np.sort(np.asarray(values, dtype=np.float64))[:count]))


def standardized(answer: AnswerScores) -> np.ndarray:
    """[L] (log p - mean) / std over the vocabulary at each position.

    ``FLOOR`` stands in for a smaller std (a distribution that is uniform or one single token): what is left
    of it then is rounding.
    """
    with np.errstate(invalid="ignore"):  # NaN, and -inf - -inf, stay undefined
        above = np.asarray(answer.logprobs, dtype=np.float64) - answer.logprob_mean
    return above / np.maximum(answer.logprob_std, FLOOR)
