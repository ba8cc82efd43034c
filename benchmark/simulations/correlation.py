"""What 95 % intervals of a rank correlation of n methods cover: the jackknife on Fisher's scale, and the textbook's.

Two numbers a method, drawn anew each time from a pair whose true tau or rho is known: normal, or t with 2 degrees of freedom
(a few methods far out on both). Coverage is that of the draws with an interval; "none" is the share of draws without one,
since all methods, or all but one, stood in the same order. With 1,000 repetitions 95 % has a standard error of 0.7 points.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from benchmark.common.jackknife import limits
from benchmark.common.rank_correlation import fisher_interval, mean_rank_rho, tau_b
from benchmark.common.tables import Table

METHODS = (6, 10, 15, 25, 40)
LATENT = (0.0, 0.5, 0.8, 0.95)  # correlation of the normal pair
TEXTBOOK = {"tau": (0.437, 4), "rho": (1.06, 3)}  # variance of atanh(r): first / (n - second)
REPETITIONS = 1000
POPULATION = 100_000  # draws of the t pair that its true rho is read from


def tables(repetitions: int = REPETITIONS) -> list[Table]:
    """Both correlations; the same numbers each time."""
    title = "95 % intervals of {} that hold the true one, in %"
    return [
        Table(title.format("Kendall's tau"), coverage("tau", repetitions)),
        Table(title.format("Spearman's rho"), coverage("rho", repetitions)),
    ]


def coverage(name: str, repetitions: int) -> pd.DataFrame:
    """A row a pair of numbers and a way to make intervals, a column a number of methods."""
    lines = []
    for kind in ("normal", "t2"):
        for latent in LATENT:
            true = true_value(name, kind, latent)
            held = [coverage_of(name, kind, latent, true, methods, repetitions) for methods in METHODS]
            for way, shares in zip(("jackknife", "textbook", "none"), zip(*held, strict=True), strict=True):
                lines.append([kind, f"{true:.2f}", way, *shares])
    return pd.DataFrame(lines, columns=["pair", name, "interval", *(f"{n} methods" for n in METHODS)])


def draw(rng: np.random.Generator, methods: int, kind: str, latent: float) -> tuple[np.ndarray, np.ndarray]:
    """Two numbers of each method."""
    x, noise = rng.standard_normal((2, methods))
    y = latent * x + np.sqrt(1 - latent**2) * noise
    far = np.sqrt(2 / rng.chisquare(2, methods)) if kind == "t2" else 1.0
    return x * far, y * far


def true_value(name: str, kind: str, latent: float) -> float:
    """tau is the same for both pairs (2 / pi asin), rho known for the normal one (6 / pi asin(r / 2))."""
    if name == "tau":
        return float(2 / np.pi * np.arcsin(latent))
    if kind == "normal":
        return float(6 / np.pi * np.arcsin(latent / 2))
    x, y = draw(np.random.default_rng(0), POPULATION, kind, latent)
    return float(np.corrcoef(x.argsort().argsort(), y.argsort().argsort())[0, 1])


def coverage_of(name: str, kind: str, latent: float, true: float, methods: int, repetitions: int) -> tuple[float, ...]:
    """In %: coverage of the jackknife and of the textbook, of the same draws; draws without a jackknife interval."""
    rng, of_two = np.random.default_rng(methods), tau_b if name == "tau" else mean_rank_rho
    made = jackknives = textbooks = 0
    for _ in range(repetitions):
        x, y = draw(rng, methods, kind, latent)
        interval = fisher_interval(x, y, of_two)
        if isinstance(interval, str):
            continue
        first, second = TEXTBOOK[name]
        low, high = limits(interval.center, 2 * np.sqrt(first / (methods - second)), 1e6, "logit")
        made += 1
        jackknives += interval.low <= (1 + true) / 2 <= interval.high
        textbooks += low <= (1 + true) / 2 <= high
    shares = [100 * held / made if made else float("nan") for held in (jackknives, textbooks)]
    return (*shares, 100 * (1 - made / repetitions))
