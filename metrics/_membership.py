"""What the membership attacks share: the AUC of forget rows against held-out rows.

Every attack gives a row a number that is lower for training members (a loss). AUC = P(held-out > forget) +
P(equal) / 2 over all pairs of a forget and a held-out row, computed from ranks, so that ties and infinite
losses are in order. Above 0.5 the forget rows look like members; 0.5 is no better than chance; below 0.5
they look less like members than rows that no model has seen, which is a trace too. The aim is the retrained
model's own value: it need not be 0.5, since the two groups of authors are not alike.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from benchmark.common.jackknife import Statistic
from benchmark.evaluation.scores import check_same_rows
from metrics.base import NO_REFERENCES, Limits, Measurement, Metric, References, sides_interval
from metrics.calibration.once_a_set import once_a_set

if TYPE_CHECKING:
    from benchmark.evaluation.scores import Scores, SetScores

NO_HOLDOUT = "no held-out authors: the dataset has no holdout set"


@dataclass(frozen=True)
class Attack:
    """Losses of the two sides, NaN where undefined."""

    forget: np.ndarray  # [n]
    holdout: np.ndarray  # [m]

    @cached_property
    def _half_wins(self) -> np.ndarray:
        """[n, m] 2 where the held-out row has the larger loss, 1 where both have the same, 0 elsewhere and for NaN."""
        forget, holdout = self.forget[:, None], self.holdout[None, :]
        return 2 * (holdout > forget).astype(np.int8) + (holdout == forget).astype(np.int8)

    @cached_property
    def _defined(self) -> tuple[np.ndarray, np.ndarray]:
        return ~np.isnan(self.forget), ~np.isnan(self.holdout)

    def sizes(self) -> tuple[int, int]:
        """Defined rows of both sides."""
        forget, holdout = self._defined
        return int(forget.sum()), int(holdout.sum())

    def auc(self) -> float | None:
        """None where a side has no row."""
        n, m = self.sizes()
        return float(self._half_wins.sum() / (2 * n * m)) if n and m else None

    def auc_of(self, stay: Mapping[str, np.ndarray]) -> float:
        """AUC of the rows that stay [n] and [m]; NaN where a side is empty."""
        forget, holdout = self._defined
        n, m = int((forget & stay["forget"]).sum()), int((holdout & stay["holdout"]).sum())
        wins = self._half_wins[stay["forget"]][:, stay["holdout"]].sum()
        return float(wins / (2 * n * m)) if n and m else np.nan


def auc_interval(statistic: Statistic, scores: Scores) -> Limits:
    """``(low, high, extra)`` of a number made of AUCs: forget and held-out authors leave one by one."""
    return sides_interval(statistic, {name: scores.sets[name].authors for name in ("forget", "holdout")}, "logit")


def cannot_attack(scores: Scores, retrained: Sequence[Scores], paired: bool) -> str | None:
    """Why an attack has no rows to work on; ``paired`` where it reads the retrained models too.

    Raises:
        UserError: the reference has answered other rows.
    """
    if "forget" not in scores.sets:
        return "set not scored"
    if "holdout" not in scores.sets:
        return NO_HOLDOUT
    if not paired:
        return None
    if not retrained:
        return "no retrained reference"
    for reference in retrained:
        if "holdout" not in reference.sets:
            return "the retrained reference was not scored on the held-out authors"
        for name in ("forget", "holdout"):
            check_same_rows(scores, reference, name)
    return None


class MembershipAttack(Metric):
    """An attack; a subclass says what the loss of a row is."""

    direction = "target"
    range = (0.0, 1.0)
    unit = "AUC"
    sets = ("forget", "holdout")
    needs: ClassVar[tuple[str, ...]] = ("holdout",)

    @abstractmethod
    def losses(self, rows: SetScores, reference: SetScores | None) -> np.ndarray:
        """[n] lower for members; infinite is in order, NaN is undefined."""

    def problems(self, rows: SetScores) -> dict[str, np.ndarray]:
        """Reason -> [n] bool, rows without a loss for it."""
        return {}

    def attack(self, scores: Scores, retrained: Sequence[Scores] = ()) -> tuple[Attack | None, dict[str, int]]:
        """The two sides and reason -> rows left out; no sides where the attack cannot be made at all."""
        paired = "retrained" in self.needs
        if why := cannot_attack(scores, retrained, paired):
            return None, {why: 1}
        sides, reasons = [], {}
        for name in self.sets:
            rows = scores.sets[name]
            losses = self.losses(rows, retrained[0].sets[name]) if paired else self._own_losses(rows)
            losses = np.array(losses, dtype=np.float64)
            left = np.zeros(len(losses), dtype=bool)
            for reason, mask in [*self.problems(rows).items(), ("not a number", np.isnan(losses))]:
                if count := int(np.sum(mask & ~left)):
                    reasons[f"{name}: {reason}"] = count
                left |= mask
            losses[left] = np.nan
            sides.append(losses)
        return Attack(*sides), reasons

    @once_a_set
    def _own_losses(self, rows: SetScores) -> np.ndarray:
        return self.losses(rows, None)

    def measure(self, scores: Scores, references: References = NO_REFERENCES) -> dict[str, Measurement]:
        attack, reasons = self.attack(scores, references.retrained)
        if attack is None:
            return {self.name: Measurement(None, 0, reasons, version=self.version)}
        value, sizes = attack.auc(), attack.sizes()
        if value is None:
            return {self.name: Measurement(None, 0, reasons or {"no rows": 1}, version=self.version)}
        low, high, notes = auc_interval(attack.auc_of, scores)
        # Signed: 1 all forget rows look like members, 0 chance, -1 all held-out rows do.
        extra = {"signed": 2 * value - 1, "n_forget": float(sizes[0]), "n_holdout": float(sizes[1])} | notes
        return {self.name: Measurement(value, sum(sizes), reasons, low, high, extra, version=self.version)}
