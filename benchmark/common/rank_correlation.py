"""How alike two orders of the same things are: Kendall's tau-b and Spearman's rho, with an interval and a p-value.

The interval is a delete-one jackknife over the things (methods of two boards, say) on Fisher's scale atanh(r), with t
quantiles. It takes the things as a sample of all that there could be, drawn independently of each other; near-alike variants
of one method are not, so it is too narrow for boards of those. The textbook's standard errors (0.437 / (n - 4) and
1.06 / (n - 3), Fieller, Hartley and Pearson 1957) hold for normal numbers of moderate correlation: where the true correlation
is as high as between two boards of the same methods, they cover 79-95 % from 15 methods on, the jackknife 95-99 %
(docs/simulations/correlation.md). Its price: no interval where the order is the same for all methods, or all but one.

p: two-sided permutation test of no connection between the orders, over all orders up to 7 things, else over 9,999 draws.
Kendall 1945, Biometrika 33, 239-251 (tau-b); Efron and Tibshirani 1993, chapter 11.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import permutations

import numpy as np
from numpy.typing import ArrayLike

from benchmark.common.jackknife import Interval, jackknife
from benchmark.common.paired import ALIKE, DRAWS, SEED

ALL_ORDERS_UP_TO = 7  # things; 5,040 orders are fewer than the draws that replace them beyond
FEWEST = 3
PARTS = 20  # of the draws, made one after the other: memory
OfTwo = Callable[[np.ndarray, np.ndarray], np.ndarray]  # [n], [..., n] -> [...]


@dataclass(frozen=True)
class RankCorrelation:
    """Of two orders of n things."""

    value: float | None  # in [-1, 1]; None where one order has nothing but ties, or below 3 things
    low: float | None
    high: float | None
    p: float | None
    things: int
    reason: str = ""  # why there is no value, or no interval

    @property
    def text(self) -> str:
        """ "0.93 [0.80, 0.98]"; what it lacks, and why."""
        if self.value is None:
            return f"undefined ({self.reason})"
        if self.low is None or self.high is None:
            return f"{self.value:.2f} (no interval: {self.reason.removeprefix('none: ')})"
        return f"{self.value:.2f} [{self.low:.2f}, {self.high:.2f}]"


def kendall(x: ArrayLike, y: ArrayLike) -> RankCorrelation:
    """tau-b.

    Args:
        x, y: [n] numbers, which may be tied.

    Raises:
        ValueError: the shapes do not fit, or a number is not finite.
    """
    return _correlation(x, y, tau_b)


def spearman(x: ArrayLike, y: ArrayLike) -> RankCorrelation:
    """rho: the correlation of mean ranks; as ``kendall``."""
    return _correlation(x, y, mean_rank_rho)


def _correlation(x: ArrayLike, y: ArrayLike, of_two: OfTwo) -> RankCorrelation:
    a, b = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    if a.ndim != 1 or a.shape != b.shape or not np.isfinite([a, b]).all():
        raise ValueError(f"two lists of as many finite numbers are needed, not {a.shape} and {b.shape}")
    n = len(a)
    value = float(of_two(a, b)) if n >= FEWEST else float("nan")
    if np.isnan(value):
        reason = f"fewer than {FEWEST}" if n < FEWEST else "an order of nothing but ties"
        return RankCorrelation(None, None, None, None, n, reason)
    made = fisher_interval(a, b, of_two)
    low, high, reason = (None, None, made) if isinstance(made, str) else (2 * made.low - 1, 2 * made.high - 1, "")
    return RankCorrelation(value, low, high, _permutation_p(a, b, of_two), n, reason)


def fisher_interval(a: np.ndarray, b: np.ndarray, of_two: OfTwo) -> Interval | str:
    """The interval of (1 + r) / 2, whose log-odds are 2 atanh(r); or why there is none."""

    def share(stay: dict[str, np.ndarray]) -> float:
        kept = stay["things"]
        return (1 + float(of_two(a[kept], b[kept]))) / 2

    made = jackknife(share, {"things": np.arange(len(a))}, "logit")  # type: ignore[arg-type]
    return made.replace("authors", "rows") if isinstance(made, str) else made


def _permutation_p(a: np.ndarray, b: np.ndarray, of_two: OfTwo) -> float:
    n, observed = len(a), abs(of_two(a, b)) - ALIKE
    if n <= ALL_ORDERS_UP_TO:
        return float(np.mean(np.abs(of_two(a, b[list(permutations(range(n)))])) >= observed))
    drawn = np.random.default_rng(SEED).permuted(np.broadcast_to(b, (DRAWS, n)), axis=1)
    hits = sum(int((np.abs(of_two(a, part)) >= observed).sum()) for part in np.array_split(drawn, PARTS))
    return (1 + hits) / (1 + DRAWS)  # the data's own order is one more draw


def tau_b(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Kendall's tau-b of [n] with each of [..., n]; NaN where one has nothing but ties."""
    x, y = np.sign(a[:, None] - a), np.sign(b[..., :, None] - b[..., None, :])
    scale = np.sqrt((x**2).sum() * (y**2).sum((-1, -2)))
    with np.errstate(invalid="ignore"):
        return np.asarray((x * y).sum((-1, -2)) / scale)


def mean_rank_rho(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Spearman's rho of [n] with each of [..., n]; NaN where one has nothing but ties."""
    x, y = (ranks - ranks.mean(-1, keepdims=True) for ranks in (mean_ranks(a), mean_ranks(b)))
    with np.errstate(invalid="ignore"):
        return np.asarray(np.clip((x * y).sum(-1) / np.sqrt((x**2).sum() * (y**2).sum(-1)), -1, 1))


def mean_ranks(values: np.ndarray) -> np.ndarray:
    """[..., n] ranks from 1 up along the last axis; tied values share the mean of theirs."""
    from scipy.stats import rankdata

    return np.asarray(rankdata(values, axis=-1))
