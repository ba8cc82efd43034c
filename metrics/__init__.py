"""The registry: every ``metrics/<name>.py`` is a metric. Listing them imports nothing heavier than NumPy.

A metric outside this folder is loaded by its path, and one of an installed package by its name: the entry-point group
``unlearn_bench.metrics`` names modules like the files here. A file holds one ``Metric`` subclass whose ``name`` is the
file's; files with a leading underscore are helpers.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from benchmark.common.errors import UserError
from benchmark.common.registered import check_names, sound_class
from benchmark.common.registry import Registry
from benchmark.common.source_files import import_file
from metrics.base import DIRECTIONS, NO_REFERENCES, SETS, Measurement, Metric, References, SetMetric, within

if TYPE_CHECKING:
    from benchmark.evaluation.scores import Scores

__all__ = [
    "BrokenMetric",
    "NO_REFERENCES",
    "ORDER",
    "SETS",
    "Measurement",
    "Metric",
    "References",
    "SetMetric",
    "describe",
    "load_metric",
    "measure_all",
    "metric_names",
    "metric_of",
]

FOLDER = Path(__file__).resolve().parent
RELEARNING = ("relearn_forget", "relearn_retain", "relearn_same_form")


class BrokenMetric(UserError):
    """A metric of a user's file that raises, or returns something else than measurements."""


# The columns of a board in their canonical order; those of other metrics follow.
ORDER = (
    "distance",
    "p_retrained",
    "residual",
    "dose",
    "forget_quality",
    "forget_quality_test_authors",
    "ks_statistic",
    "model_utility",
    "utility_kept",
    *(f"{s}_{metric}" for s in SETS for metric in ("probability", "rouge", "truth_ratio")),
    "forget_paraphrase_probability",
    "forget_truth_probability",
    "forget_exact_memorization",
    "forget_extraction_strength",
    *(f"{s}_fact_recall" for s in SETS),
    "forget_verbatim_leak_at_k",
    "forget_excess_verbatim_leak_at_k",
    *(f"mia_{a}" for a in ("loss", "zlib", "min_k", "min_k_plus_plus", "reference")),
    "privleak",
    "memorization",
    "privacy",
    "utility",
    "overall",
    *(f"{m}_{s}" for m in ("distance", "p_retrained", "residual", "dose") for s in ("gold", "paraphrase")),
    "distance_largest",
    "p_retrained_all",
    "residual_worst",
    *(f"{m}_{a}" for m in ("residual", "recovery") for a in ("int8", "nf4", *RELEARNING)),
    *(
        f"relearn_{n}_{a.removeprefix('relearn_')}"
        for n in ("excess_end", "excess_max", "half_steps")
        for a in RELEARNING
    ),
    "depth",
    "leak_asked",
    "leak_asked_worst",
    *(f"leak_{kind}" for kind in ("reversed", "alias", "two_hop", "choice", "prefill", "paired")),
    "partner_kept",
    *(f"excess_fact_leak_at_{k}" for k in (1, 8, 64)),
    "residual_sampled",
    "fact_leak_bound",
    *(f"excess_sampled_rouge_at_{k}" for k in (1, 8, 64)),
)
ATTRIBUTES = ("name", "version", "direction", "range", "unit", "reads", "source", "sets")
READABLE = (
    "answers",
    "paraphrases",
    "wrong",
    "generated",
    "gold",
    "questions",
    "authors",
    "values",
    "samples",
)  # of SetScores
NEEDS = ("holdout", "attacks", "retrained", "finetuned", "doses")
OPTIONAL = ("needs", "replica")  # attributes with a default


REGISTRY: Registry[Path] = Registry(
    "metric", FOLDER, ".py", lambda path: path, lambda path: [path.stem], "unlearn_bench.metrics"
)


def metric_names() -> list[str]:
    """The names of all metrics in this folder and of installed packages, sorted."""
    return list(REGISTRY.entries)


def load_metric(name_or_path: str | Path) -> Metric:
    """The metric of that name, or the one defined in that ``.py`` file.

    Raises:
        UserError: no such name or file, or the file does not define exactly one sound metric.
    """
    text = str(name_or_path)
    is_name = isinstance(name_or_path, str) and "/" not in text and "\\" not in text and not text.endswith(".py")
    path = REGISTRY.get(text) if is_name else Path(name_or_path).resolve()
    if path.stem in REGISTRY.entries and path != REGISTRY.entries[path.stem].resolve():
        raise UserError(
            f"{path}: {path.stem!r} is a metric already, whose numbers it would replace: rename file and `name`"
        )
    return _sound_metric(import_file(path, __name__, FOLDER))


def _sound_metric(module: ModuleType) -> Metric:
    metric: type[Metric] = sound_class(module, Metric, REGISTRY.kind, ATTRIBUTES)
    if not (module.__doc__ or "").strip():
        raise UserError(f"{module.__file__}: a docstring is missing; its first line is the metric's title")
    _check_declarations(metric, module)
    instance = metric()
    if wrong := sorted(set(instance.columns().values()) - set(DIRECTIONS)):
        raise UserError(f"{module.__file__}: direction {wrong[0]!r} is none of {', '.join(DIRECTIONS)}")
    return instance


def _check_declarations(metric: type[Metric], module: ModuleType) -> None:
    """Refuse class attributes that are not what they should be.

    Raises:
        UserError: names the first.
    """
    if not isinstance(metric.version, int):
        raise UserError(f"{module.__file__}: version must be a whole number, not {metric.version!r}")
    known = {"reads": READABLE, "needs": NEEDS}
    if issubclass(metric, SetMetric):
        known["sets"] = SETS
        if isinstance(metric.direction, Mapping) and (without := set(metric.sets) - set(metric.direction)):
            raise UserError(f"{module.__file__}: direction has no word for the set {min(without)!r}")
    for attribute in ("sets", "reads", "needs"):
        allowed = known.get(attribute, getattr(metric, attribute))  # a metric may read sets of its own
        check_names(metric, module.__file__, attribute, allowed, f"name in {attribute}")


@cache
def metric_of() -> dict[str, Metric]:
    """Column -> the metric of this project, or of an installed package, that gives it."""
    loaded = [load_metric(name) for name in metric_names()]
    return {column: metric for metric in loaded for column in metric.columns()}


def measure_all(
    scores: Scores,
    references: References = NO_REFERENCES,
    *,
    names: Iterable[str | Path] | None = None,
) -> dict[str, Measurement]:
    """All measurements of a model by column, in the order of ``ORDER``.

    Args:
        references: the retrained models', the fine-tuned model's scores ... on the same rows, as far as there are any.
        names: metrics by name or path; by default all of this folder but other suites' replicas.

    Raises:
        UserError: unknown metric, two metrics with one column, or a reference has other rows.
    """
    measurements: dict[str, Measurement] = {}
    chosen = [load_metric(name) for name in (metric_names() if names is None else names)]
    for metric in [m for m in chosen if names is not None or not m.replica]:
        measured = {column: _cut(m, metric) for column, m in _measured(metric, scores, references).items()}
        if twice := sorted(measurements.keys() & measured.keys()):
            raise UserError(f"two metrics give the column {twice[0]!r}: rename one of them, file and `name`")
        measurements |= measured
    return {
        c: measurements[c] for c in sorted(measurements, key=lambda c: ORDER.index(c) if c in ORDER else len(ORDER))
    }


def _measured(metric: Metric, scores: Scores, references: References) -> dict[str, Measurement]:
    """The metric's measurements; a fault of a file outside the project is its user's to mend."""
    path = Path(sys.modules[type(metric).__module__].__file__ or "")
    outside = path.resolve().parent != FOLDER
    try:
        measured = metric.measure(scores, references)
    except Exception as error:
        if not outside or isinstance(error, UserError):
            raise
        raise BrokenMetric(f"{path}: measuring ended with {type(error).__name__}: {error}") from error
    if outside and not (isinstance(measured, dict) and all(isinstance(m, Measurement) for m in measured.values())):
        raise BrokenMetric(f"{path}: measure must return a Measurement for each column, not {measured!r:.80}")
    return measured


def _cut(measured: Measurement, metric: Metric) -> Measurement:
    low, high = within(metric.range, measured.low, measured.high)
    return measured if (low, high) == (measured.low, measured.high) else replace(measured, low=low, high=high)


def describe(names: Iterable[str | Path] | None = None) -> list[dict[str, Any]]:
    """What there is, for a listing: class attributes, title, and the columns with their directions."""
    listing = []
    for metric in [load_metric(name) for name in (metric_names() if names is None else names)]:
        doc = inspect.getdoc(sys.modules[type(metric).__module__]) or ""
        about = {a: getattr(metric, a) for a in (*ATTRIBUTES, *OPTIONAL)}
        listing.append(about | {"title": doc.splitlines()[0], "columns": metric.columns()})
    return listing
