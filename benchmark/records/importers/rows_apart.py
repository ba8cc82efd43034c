"""How far two measurements of a model lie apart, row by row: what no comparison of means can show."""

from __future__ import annotations

import numpy as np

from benchmark.evaluation.scores import Scores, SetScores
from benchmark.records.importers.log import texts_known


def rows_apart(log: Scores | None, ours: Scores | None) -> list[str]:
    """Lines to print on the sets that both have: losses of the gold answers, and greedy answers that are not the same."""
    if log is None or ours is None:
        return []
    names = [name for name in log.sets if name in ours.sets]
    losses = [f"{name} {text}" for name in names if (text := _losses(log[name], ours[name]))]
    texts = [f"{name} {text}" for name in names if (text := _texts(log[name], ours[name]))]
    lines = [f"row by row, nats per token of the gold answers: {'; '.join(losses)}"] if losses else []
    return lines + ([f"row by row, greedy answers that differ: {'; '.join(texts)}"] if texts else [])


def _losses(log: SetScores, ours: SetScores) -> str:
    """Mean and largest distance over the rows that both have in the same place."""
    n = min(len(log), len(ours))
    apart = np.abs(log.answer_nll()[:n] - ours.answer_nll()[:n])
    apart = apart[np.isfinite(apart)]
    return f"mean {apart.mean():.2g}, at most {apart.max():.2g} (n = {len(apart)})" if len(apart) else ""


def _texts(log: SetScores, ours: SetScores) -> str:
    if not (texts_known(log) and any(log.generated)):
        return ""
    pairs = list(zip(log.gold, ours.gold, strict=False))
    if other := sum(theirs.split() != own.split() for theirs, own in pairs):
        return f"cannot be compared, since {other} of {len(pairs)} gold answers are not the same"
    generated = list(zip(log.generated, ours.generated, strict=False))
    return f"{sum(theirs.split() != own.split() for theirs, own in generated)} of {len(generated)}"
