"""Measuring imported scores: what a log does not hold is undefined, with the reason, and never made up."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import metrics
from benchmark.evaluation.scores import Scores, SetScores
from benchmark.records.importers.log import texts_known
from metrics.base import Measurement, Metric, SetMetric

NO_TOKENS = "imported log has no token scores"
NO_ROWS = "imported summary has no values of single rows"
# These read single tokens (whether they are greedy, their own log-probabilities, their number), or are made of some that do.
TOKEN_METRICS = (
    *("exact_memorization", "extraction_strength", "mia_min_k", "mia_min_k_plus_plus"),
    *("memorization", "privacy", "overall"),
)
LENGTH_METRICS = (
    "verbatim_leak_at_k",
    "excess_verbatim_leak_at_k",
)  # need the gold answers' sums: the means and the token counts
TOKEN_FIELDS = {"tokens", "is_greedy", "logprobs", "logprob_mean", "logprob_std"}  # in a metric's ``reads``
REPLICAS = ("_openunlearning", "_tofu")


def reads_tokens(metric: Metric, *logs: Scores) -> bool:
    """Whether a metric needs more of an answer than one of the logs knows."""
    name = metric.name
    for ending in REPLICAS:
        name = name.removesuffix(ending)
    if name in LENGTH_METRICS:
        return not all(scores.meta.get("lengths") for scores in logs)
    return name in TOKEN_METRICS or bool(TOKEN_FIELDS & {part for read in metric.reads for part in read.split(".")})


def measure(
    scores: Scores | None, retrained: Sequence[Scores], names: Iterable[str | Path] | None = None
) -> dict[str, Measurement]:
    """As ``metrics.measure_all``, for scores of an imported log; None for those of a summary.

    Raises:
        UserError: unknown metric.
    """
    chosen = {name: metrics.load_metric(name) for name in (metrics.metric_names() if names is None else names)}
    measurements: dict[str, Measurement] = {}
    logs = [log for log in (scores, *retrained) if log is not None]
    for name, metric in chosen.items():
        if scores is None or reads_tokens(metric, *logs):
            reason = NO_ROWS if scores is None else NO_TOKENS
            measurements |= {column: metric.undefined(reason) for column in metric.columns()}
        else:
            measured = metrics.measure_all(scores, _references(scores, retrained), names=[name])
            measurements |= {column: _explained(column, m, metric, scores) for column, m in measured.items()}
    order = {column: i for i, column in enumerate(metrics.ORDER)}
    return {column: measurements[column] for column in sorted(measurements, key=lambda c: order.get(c, len(order)))}


def _explained(column: str, measured: Measurement, metric: Metric, scores: Scores) -> Measurement:
    """The measurement; where it is undefined because the log lacks what the metric reads, that is its reason."""
    if measured.value is not None:
        return measured
    sets = [column.removesuffix(f"_{metric.name}")] if isinstance(metric, SetMetric) else metric.sets
    absent = [scores.meta.get("absent", {}).get(name, {}) for name in sets]
    reasons = {reason: 1 for part in absent for field, reason in part.items() if field in metric.reads}
    return replace(measured, undefined=reasons) if reasons else measured


def _references(scores: Scores, retrained: Sequence[Scores]) -> metrics.References:
    return metrics.References(tuple(same_texts(scores, reference) for reference in retrained))


def same_texts(scores: Scores, reference: Scores) -> Scores:
    """The reference, with the model's own forget texts where they are of the same rows.

    A prompt may hold the day of its evaluation, and a log may have no texts at all: rows are matched by number and
    gold answer, as far as the logs say.
    """
    if "forget" not in scores or "forget" not in reference:
        return reference
    ours: SetScores = scores["forget"]
    theirs: SetScores = reference["forget"]
    both_known = texts_known(ours) and texts_known(theirs)
    if len(ours) != len(theirs) or (both_known and ours.gold != theirs.gold):
        return reference
    return replace(
        reference, sets=reference.sets | {"forget": replace(theirs, questions=ours.questions, gold=ours.gold)}
    )
