"""How well a number tells two pools of models apart: AUC, with limits that hold for any distribution. Pure functions."""

from __future__ import annotations

import math

import numpy as np

LEVEL = 0.95


def auc(never: np.ndarray, knows: np.ndarray) -> float:
    """Chance that a model that does not know [n] reads better than one that does [m]; ties count half.

    Raises:
        ValueError: an empty pool, or a reading that is NaN.
    """
    a, b = np.asarray(never, dtype=np.float64)[:, None], np.asarray(knows, dtype=np.float64)[None, :]
    if not a.size or not b.size or np.isnan(a).any() or np.isnan(b).any():
        raise ValueError(f"two pools of defined readings are needed, not {never} and {knows}")
    return float(np.mean((a > b) + 0.5 * (a == b)))


def limits(value: float, models: int, level: float = LEVEL) -> tuple[float, float]:
    """Limits of an AUC of pools of which the smaller has that many models.

    All AUCs theta with models * KL(value || theta) <= log(2 / (1 - level)), KL of two coins: an AUC is an average of
    averages of ``models`` independent pairs, so Chernoff's bound holds for it (Hoeffding 1963, section 5a). Never too
    narrow, also at 0 and 1, where a jackknife has nothing to say: 10 of 10 pairs give 0.69 to 1, as Clopper and
    Pearson's limits do. It is wider than a jackknife's between. What varies: the models of both pools, taken as drawn
    independently; what is held fixed: the dataset.

    Raises:
        ValueError: the value is no AUC, or there are no models.
    """
    from scipy.optimize import brentq

    if not 0 <= value <= 1 or models < 1:
        raise ValueError(f"an AUC of at least one model is needed, not {value} of {models}")
    reach = math.log(2 / (1 - level)) / models

    def beyond(theta: float) -> float:
        return _divergence(value, theta) - reach

    tiny = 1e-12
    low = 0.0 if beyond(tiny) <= 0 else brentq(beyond, tiny, max(value, tiny))
    high = 1.0 if beyond(1 - tiny) <= 0 else brentq(beyond, min(value, 1 - tiny), 1 - tiny)
    return float(low), float(high)


def _divergence(p: float, q: float) -> float:
    """KL of a coin p from a coin q, in nats; q in (0, 1)."""
    heads = p * math.log(p / q) if p > 0 else 0.0
    return heads + ((1 - p) * math.log((1 - p) / (1 - q)) if p < 1 else 0.0)
