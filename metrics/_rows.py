"""Which rows of a set cannot be measured, by reason: boolean masks [n]."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from benchmark.evaluation.scores import AnswerScores

ROUNDING = 1e-3  # nats: float32 may leave an nll a hair below 0, anything further down is no likelihood


def answer_problems(what: str, answers: list[AnswerScores | None], nll: np.ndarray) -> dict[str, np.ndarray]:
    """Answers that are missing (None), without tokens (cut away whole), or without a proper likelihood.

    Args:
        nll: [n] of those answers. Infinity is proper here: a suppressed token has probability 0.
    """
    return {
        f"no {what}": np.array([a is None for a in answers], dtype=bool),
        f"{what} without tokens": np.array([a is not None and not len(a.logprobs) for a in answers], dtype=bool),
        f"{what}: log-likelihood is NaN or above 0": ~(nll >= -ROUNDING),
    }


def wrong_answer_problems(wrong: list[list[AnswerScores]], nll: np.ndarray) -> dict[str, np.ndarray]:
    """As ``answer_problems`` for [n, W] wrong answers: one bad answer makes its row undefined.

    A row may have fewer than W of them, but not none: NaN in ``nll`` past a row's own number is padding.
    """
    present = np.arange(nll.shape[1]) < np.array([len(row) for row in wrong], dtype=int)[:, None]
    return {
        "no wrong answers": np.asarray(~present.any(axis=1)),
        "wrong answer without tokens": np.array([any(not len(a.logprobs) for a in row) for row in wrong], dtype=bool),
        "wrong answer: log-likelihood is NaN or above 0": np.asarray((present & ~(nll >= -ROUNDING)).any(axis=1)),
    }
