"""Metrics for the ``evaluate`` library.

``evaluate.load("metrics/rouge.py").compute(predictions=..., references=...)`` needs nothing of a run.

``evaluate`` takes seconds to import and the registry must stay light, so its class exists only where
``evaluate`` is loaded already: it copies a metric's file to its cache and runs it, and ``standalone`` then
makes the class. The copy imports this package, so the checkout must be importable (installed, or the
working directory).
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from metrics.base import Metric, SetMetric, mean

if TYPE_CHECKING:
    from benchmark.evaluation.scores import AnswerScores, SetScores


@dataclass(frozen=True)
class Inputs:
    """What ``compute`` takes. A type is that of one row; a list of it where ``many`` names the argument."""

    types: dict[str, str]  # argument, "predictions" among them -> "float64", "int64" or "string"
    many: tuple[str, ...]
    text: str  # what they are, with units
    rows: Callable[..., SetScores] | None = None  # makes rows of them, for a ``SetMetric``


def standalone(
    metric: type[Metric], inputs: Inputs, compute: Callable[..., dict[str, Any]] | None = None
) -> type | None:
    """The class that ``evaluate.load`` finds in a metric's module; None where ``evaluate`` is not loaded.

    Args:
        compute: from the inputs to the result; by default the mean over the rows that ``inputs.rows`` makes.
    """
    if "evaluate" not in sys.modules:
        return None
    import datasets
    import evaluate

    def feature(name: str) -> Any:
        value = datasets.Value(inputs.types[name])
        return datasets.Sequence(value) if name in inputs.many else value

    about = sys.modules[metric.__module__].__doc__

    def info(self: Any) -> evaluate.MetricInfo:
        return evaluate.MetricInfo(
            description=f"{about}\nUnit: {metric.unit}; range {metric.range}.",
            citation=metric.source,
            inputs_description=inputs.text,
            features=datasets.Features({name: feature(name) for name in inputs.types}),
        )

    def run(self: Any, **given: Any) -> dict[str, Any]:
        return compute(**given) if compute else mean_over_rows(cast(SetMetric, metric()), inputs, **given)

    members = {"_info": info, "_compute": run, "__module__": metric.__module__}
    return type(metric.__name__, (evaluate.Metric,), members)


def mean_over_rows(
    metric: SetMetric, inputs: Inputs, predictions: list, references: list, set_name: str = "forget"
) -> dict[str, Any]:
    """The aggregate, as ``measure`` computes it.

    Raises:
        ValueError: the metric does not read that set.
    """
    if set_name not in metric.sets:
        raise ValueError(f"set_name is {set_name!r}; {metric.name} knows {', '.join(metric.sets)}")
    stored, undefined = metric.values(set_name, inputs.rows(predictions, references))
    each = metric.transform(set_name, stored)
    value, n = mean(each)
    rows = [None if np.isnan(x) else float(x) for x in each]
    return {metric.name: value, "n": n, "undefined": undefined, "per_example": rows}


def rows_of(gold: list, generated: list, answers: list, wrong: list) -> SetScores:
    """Rows of nobody's, whose questions are not known."""
    from benchmark.evaluation.scores import SetScores

    questions, authors = [""] * len(gold), np.full(len(gold), -1)
    return SetScores(answers, answers, wrong, generated, gold, questions, authors)


def answer_of(
    logprobs: Sequence[float],
    is_greedy: Sequence[bool],
    means: Sequence[float] | None = None,
    stds: Sequence[float] | None = None,
) -> AnswerScores:
    """An answer of [L] tokens; NaN for moments that are not known."""
    from benchmark.evaluation.scores import AnswerScores

    none = np.full(len(logprobs), np.nan)
    moments = [none if x is None else np.array(x, dtype=np.float64) for x in (means, stds)]
    return AnswerScores(np.array(logprobs, dtype=np.float64), np.array(is_greedy, dtype=bool), *moments)


def nll_rows(predictions: list[float], references: list[list[float]]) -> SetScores:
    """Rows whose right answer and whose wrong answers have these nlls."""
    n = len(predictions)

    def answer(nll: float | None) -> Any:
        return answer_of([np.nan if nll is None else -nll], [False])

    wrong = [[answer(nll) for nll in row] for row in references]
    return rows_of([""] * n, [""] * n, [answer(nll) for nll in predictions], wrong)


def text_rows(predictions: list[str], references: list[str]) -> SetScores:
    """Rows with these generated and gold answers."""
    return rows_of(references, predictions, [None] * len(references), [[] for _ in references])


def token_rows(predictions: list[list[int]], references: list[list[int]]) -> SetScores:
    """Rows whose argmax tokens and gold tokens are these.

    Raises:
        ValueError: a row has more or fewer predictions than tokens.
    """
    answers = []
    for i, (predicted, gold) in enumerate(zip(predictions, references, strict=True)):
        if len(predicted) != len(gold):
            counts = f"{len(predicted)} predicted and {len(gold)} gold tokens"
            raise ValueError(f"row {i} has {counts}; give one for each position")
        answers.append(answer_of([0.0] * len(gold), [a == b for a, b in zip(predicted, gold, strict=True)]))
    return rows_of([""] * len(answers), [""] * len(answers), answers, [[] for _ in answers])


SET_NAME = """
    set_name: "forget" (default), "retain", "real_authors" or "world_facts": the formula depends on the set.
"""
RESULT = """
Returns:
    the mean under the metric's name (None where undefined); n, the rows that count; undefined, reason -> rows
    left out; per_example, a number a row, None where undefined.
"""
NLLS = Inputs(
    {"predictions": "float64", "references": "float64"},
    ("references",),
    """
Args:
    predictions: nll of the right answer of each row, nats per token, closing EOS included.
    references: list of the nlls of the row's wrong answers, same unit; an empty list where there are none."""
    + SET_NAME
    + RESULT,
    nll_rows,
)
TEXTS = Inputs(
    {"predictions": "string", "references": "string"},
    (),
    """
Args:
    predictions: generated answer of each row, text.
    references: gold answer of each row, text."""
    + SET_NAME
    + RESULT,
    text_rows,
)
TOKENS = Inputs(
    {"predictions": "int64", "references": "int64"},
    ("predictions", "references"),
    """
Args:
    predictions: for each row the argmax token id at each answer position, the gold tokens before it given.
    references: the row's gold token ids, as many; the last one is the closing EOS.
"""
    + RESULT,
    token_rows,
)
