"""Shares of draws that read distance and utility kept together: P(front) and P(first) of a split's rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from benchmark.common.jackknife import FEWEST
from benchmark.records.record import Record
from metrics.calibration.draws import DRAWS, Seeds, error_draws, seed_draws
from metrics.calibration.first import p_first
from metrics.calibration.pareto import front, utility_draws
from metrics.utility_kept import KEPT, UtilityKept

COLUMN = UtilityKept.name
QUANTILE, NORMAL = 1.96, 1e6  # limits of utility kept come from several parts: read as those of a normal distribution
Errors = Mapping[str, np.ndarray]  # row -> [S, G] by run and author
Runs = Mapping[str, Sequence[Record]]


def front_shares(errors: Errors, runs: Runs, seeds: Mapping[str, Seeds]) -> dict[str, float]:
    """Row -> P(on the Pareto front of distance and utility kept); empty where there are too few authors."""
    names, far, kept = _drawn(errors, runs, seeds)
    return dict(zip(names, front(far, kept).mean(axis=0).tolist(), strict=True)) if names else {}


def first_shares(errors: Errors, runs: Runs, seeds: Mapping[str, Seeds]) -> dict[str, float]:
    """Row -> P(the nearest of those that keep ``KEPT``); empty where there are too few authors."""
    names, far, kept = _drawn(errors, runs, seeds)
    return dict(zip(names, p_first(far, kept, KEPT).tolist(), strict=True)) if names else {}


def _drawn(errors: Errors, runs: Runs, seeds: Mapping[str, Seeds]) -> tuple[list[str], np.ndarray, np.ndarray]:
    """The rows whose errors are known, and [D, M] draws of their mean errors and of what they keep: authors and seeds."""
    # In the order of their names, which is the order of the draws: not that in which runs happened to end.
    own = {name: errors[name] for name in sorted(runs) if name in errors and np.isfinite(errors[name]).all()}
    if not own or next(iter(own.values())).shape[1] < FEWEST:
        return [], np.empty((0, 0)), np.empty((0, 0))
    kept = {name: np.array([r.value(COLUMN) for r in runs[name]], dtype=np.float64) for name in own}  # None is NaN
    with np.errstate(divide="ignore"):
        logs = {name: np.log(values) for name, values in kept.items()}
    moved = np.zeros((DRAWS, len(own)))
    sound = {name: values for name, values in logs.items() if np.isfinite(values).all()}  # 0, or unknown, stays so
    moved[:, [list(own).index(name) for name in sound]] = seed_draws(sound, seeds, f" ({COLUMN})")
    means, spreads = np.array([v.mean() for v in kept.values()]), np.array([_log_se(runs[name]) for name in own])
    utility = utility_draws(moved.shape, means, spreads, np.full(len(own), NORMAL), moved)
    return list(own), error_draws(own, seeds), utility


def _log_se(runs: Sequence[Record]) -> float:
    """A standard error on the log scale from each run's own 95 % limits, over authors; NaN where a run has none, or they touch 0."""
    limits = [(m.get("low"), m.get("high")) for m in (run.metrics.get(COLUMN, {}) for run in runs)]
    if not all(low and high for low, high in limits):
        return np.nan
    return float(np.sqrt(np.mean([(np.log(high / low) / (2 * QUANTILE)) ** 2 for low, high in limits])))
