"""Membership attacks for the ``evaluate`` library: what the model says of each row, and which rows it was trained on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from metrics._evaluate import Inputs, answer_of, rows_of

if TYPE_CHECKING:
    from benchmark.evaluation.scores import SetScores
    from metrics._membership import MembershipAttack

ROWS = """
    references: 1 for each forget row, which may have been trained on, and 0 for each held-out row, which no model has
        seen; any number of both, in any order.
"""
RESULT = """
Returns:
    the AUC under the metric's name (None where undefined): above 0.5 the forget rows look like members; signed, 2 AUC - 1;
    n_forget and n_holdout, the rows that count; undefined, reason -> rows left out.
"""
NLL = """
Args:
    predictions: nll of each row's gold answer, nats per token, closing EOS included."""
LOGPROBS = """
Args:
    predictions: for each row the log-probabilities of its gold answer's tokens, nats; the last one is the closing EOS."""
PLAIN = {"references": "int64", "predictions": "float64"}

LOSSES = Inputs(PLAIN, (), NLL + ROWS + RESULT)
LOSSES_AND_TEXTS = Inputs(
    PLAIN | {"texts": "string"}, (), f"{NLL}{ROWS}    texts: gold answer of each row, text.\n{RESULT}"
)
LOSSES_OF_TWO = Inputs(
    PLAIN | {"retrained": "float64"},
    (),
    f"{NLL}{ROWS}    retrained: nll of each row under a model trained without the forget rows, same unit.\n{RESULT}",
)
TOKEN_LOGPROBS = Inputs(PLAIN, ("predictions",), LOGPROBS + ROWS + RESULT)
TOKEN_LOGPROBS_AND_MOMENTS = Inputs(
    PLAIN | {"means": "float64", "stds": "float64"},
    ("predictions", "means", "stds"),
    f"""{LOGPROBS}{ROWS}    means, stds: at each of these tokens, mean and standard deviation of the vocabulary's
        log-probabilities under the model's own distribution, nats.
{RESULT}""",
)


def auc_of(attack: type[MembershipAttack]) -> Callable[..., dict[str, Any]]:
    """What a card computes, as ``measure`` does, without the interval."""

    def compute(
        predictions: Sequence[Any],
        references: Sequence[int],
        texts: Sequence[str] | None = None,
        retrained: Sequence[float] | None = None,
        means: Sequence[Any] | None = None,
        stds: Sequence[Any] | None = None,
    ) -> dict[str, Any]:
        from benchmark.evaluation.scores import Scores

        forget = _is_forget(references)

        def scores(rows: SetScores) -> Scores:
            return Scores({"forget": rows.take(forget), "holdout": rows.take(~forget)})

        others = [] if retrained is None else [scores(_rows(retrained, texts))]
        sides, undefined = attack().attack(scores(_rows(predictions, texts, means, stds)), others)
        auc, (n_forget, n_holdout) = sides.auc(), sides.sizes()
        signed = None if auc is None else 2 * auc - 1
        sizes = {"n_forget": n_forget, "n_holdout": n_holdout}
        return {attack.name: auc, "signed": signed, **sizes, "undefined": undefined}

    return compute


def _is_forget(references: Sequence[int]) -> np.ndarray:
    labels = np.asarray(references)
    if wrong := sorted({*labels.tolist()} - {0, 1}):
        raise ValueError(f"references has {wrong[0]}; give 1 for a forget row and 0 for a held-out row")
    return labels == 1


def _rows(
    predictions: Sequence[Any],
    texts: Sequence[str] | None = None,
    means: Sequence[Any] | None = None,
    stds: Sequence[Any] | None = None,
) -> SetScores:
    """Rows whose gold answers have these nlls, or these log-probabilities of their tokens."""
    answers = []
    for i, given in enumerate(predictions):
        alone = not isinstance(given, list | np.ndarray)  # an nll
        logprobs: Sequence[float] = [np.nan if given is None else -given] if alone else given
        moments = [None if column is None else column[i] for column in (means, stds)]
        if any(moment is not None and len(moment) != len(logprobs) for moment in moments):
            raise ValueError(f"row {i} has {len(logprobs)} log-probabilities; give as many means and stds")
        answers.append(answer_of(logprobs, [False] * len(logprobs), *moments))
    gold = [""] * len(answers) if texts is None else list(texts)
    return rows_of(gold, [""] * len(answers), answers, [[] for _ in answers])
