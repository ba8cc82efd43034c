"""Utility kept: the smallest share that is left of any part of the fine-tuned model's utility.

min over the parts of utility, {retain, real authors, world facts} x {probability, ROUGE, truth ratio}, of the model's mean
divided by the fine-tuned model's. The harmonic mean of the nine may stay while one of them falls by a third.

Two kinds of part are left out and named. Those in which the fine-tuned model does not beat random answers: a share of
something that was never there says nothing. And, of facts, those that fewer than ``CARRY`` answers carry: a tenth of them is
less than five answers, and five lost with none gained is the least that a sign test tells from chance at 5 % (2^-5 = .03), so
that models without any fault would be below 90 % by luck (docs/simulations/utility_kept.md: of fifty right answers 3 % of such
models, where a tenth of the answers turns over; of ten 12 %). Answers are counted as Kish does (Survey Sampling, 1965),
(sum x)^2 / sum x^2: where rows are right or wrong, the right ones. The retained rows' parts are what a method is to keep:
they count however few.

Interval: from the lowest lower to the lowest upper limit of the parts' shares, each with authors leaving one by one on a log
scale, the same ones for both models. Its lower limit is a 97.5 % bound: where it is above 0.9, every part is (an
intersection-union test, Berger 1982); the upper one is not adjusted for the choice of the smallest. A share that no author
changes is its own limits. Where another part has no interval there is none at all: that part may be the worst.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from benchmark.common.jackknife import ALL_ALIKE, Interval, clusters, jackknife
from benchmark.evaluation.scores import check_same_rows
from metrics.base import NO_REFERENCES, Limits, Measurement, Metric, References, mean
from metrics.probability import MULTIPLE_CHOICE, Probability
from metrics.rouge import Rouge, rouge_l_recall
from metrics.truth_ratio import TruthRatio, correct_answers

if TYPE_CHECKING:
    from benchmark.evaluation.scores import Scores, SetScores

PARTS = (Probability(), Rouge(), TruthRatio())
SHIFTS = 4  # other rows' answers that stand for a random one, spread over the set
LEVEL = 0.05  # one-sided, of the test that the model beats random answers
KEPT = 0.9  # what boards, the choice of settings and RKLD's claims ask for
CARRY = 50  # answers that have to carry a part of facts
GUESSED = "the fine-tuned model does not beat random answers"
FEW = f"fewer than {CARRY} answers carry it, too few to tell a loss of a tenth"


class UtilityKept(Metric):
    name = "utility_kept"
    version = 2
    direction = "higher"
    range = (0.0, 100.0)
    unit = "share"
    reads = ("answers", "paraphrases", "wrong", "generated", "gold", "authors")
    source = "this benchmark; parts: TOFU, arXiv 2401.06121, model utility"
    sets = ("retain", "real_authors", "world_facts")
    needs = ("finetuned",)

    def measure(self, scores: Scores, references: References = NO_REFERENCES) -> dict[str, Measurement]:
        return {self.name: self._measure(scores, references.finetuned)}

    def _measure(self, scores: Scores, finetuned: Scores | None) -> Measurement:
        if finetuned is None:
            return self.undefined("no fine-tuned reference")
        # A part that is not known may be the worst: without it there is no smallest.
        if missing := [name for name in self.sets if name not in scores.sets or name not in finetuned.sets]:
            return Measurement(None, 0, {f"{name} not scored": 1 for name in missing}, version=self.version)
        for name in self.sets:
            check_same_rows(scores, finetuned, name)
        before = {name: finetuned.sets[name] for name in self.sets}
        ours, theirs = part_values({name: scores.sets[name] for name in self.sets}), part_values(before)
        why = silent_parts(before)
        telling = [part for part in theirs if part not in why]
        if not telling:
            return self.undefined("no part in which the fine-tuned model beats random answers")
        shares = _shares(ours, theirs, telling)
        if missing := [part for part in telling if part not in shares]:
            return Measurement(None, 0, {f"{part} is undefined": 1 for part in missing}, version=self.version)
        smallest = min(shares, key=lambda part: shares[part])
        authors = {part: scores.sets[set_of(part)].authors for part in shares}
        low, high, extra = _limits({p: _interval(ours[p], theirs[p], authors[p]) for p in shares}, shares, authors)
        extra |= {"part": smallest, **{f"kept_{part}": share for part, share in shares.items()}}
        reasons = {f"{part}: {reason}": 1 for part, reason in why.items()}
        n = sum(len(scores.sets[name]) for name in self.sets)
        return Measurement(shares[smallest], n, reasons, low, high, extra, version=self.version)


def set_of(part: str) -> str:
    """The set that a part such as "real_authors_rouge" is of."""
    return next(name for name in UtilityKept.sets if part.startswith(f"{name}_"))


def _shares(ours: dict[str, np.ndarray], theirs: dict[str, np.ndarray], parts: list[str]) -> dict[str, float]:
    """Part -> the share that is left of it."""
    means = {part: (mean(ours[part])[0], mean(theirs[part])[0]) for part in parts}
    most = UtilityKept.range[1]  # a part of next to nothing may have grown beyond any bound
    return {part: min(own / whole, most) for part, (own, whole) in means.items() if own is not None and whole}


def _limits(
    intervals: Mapping[str, Interval | str], shares: Mapping[str, float], authors: Mapping[str, np.ndarray]
) -> Limits:
    """The lowest of the parts' lower and of their upper limits, or which part has none, and why."""
    for part, own in intervals.items():
        if isinstance(own, str) and own != ALL_ALIKE:
            return None, None, {"interval": f"{own} ({part})"}
    made = [own for own in intervals.values() if isinstance(own, Interval)]
    if not made:
        return None, None, {"interval": ALL_ALIKE}
    constant = [shares[part] for part, own in intervals.items() if isinstance(own, str)]
    kind = "authors" if all((own >= 0).any() for own in authors.values()) else "rows"
    units = min(clusters(own)[1] for own in authors.values())
    extra: dict[str, float | str] = {"interval": kind, "units": float(units)}
    return min([*constant, *(own.low for own in made)]), min([*constant, *(own.high for own in made)]), extra


def _interval(ours: np.ndarray, theirs: np.ndarray, authors: np.ndarray) -> Interval | str:
    def share(stay: Mapping[str, np.ndarray]) -> float:
        own, whole = mean(ours[stay["rows"]])[0], mean(theirs[stay["rows"]])[0]
        return float("nan") if own is None or not whole else own / whole

    return jackknife(share, {"rows": authors}, "log")


def part_values(sets: Mapping[str, SetScores]) -> dict[str, np.ndarray]:
    """Part ("retain_rouge", ...) -> [n] what its aggregate averages, NaN where undefined.

    Args:
        sets: retain, real_authors and world_facts, or some of them.
    """
    return {
        f"{name}_{part.name}": part.transform(name, part.values(name, rows)[0])
        for name, rows in sets.items()
        for part in PARTS
    }


def part_means(sets: Mapping[str, SetScores]) -> dict[str, float]:
    """Part -> its aggregate; parts that no row defines are left out."""
    means = {name: mean(values)[0] for name, values in part_values(sets).items()}
    return {name: value for name, value in means.items() if value is not None}


def telling_parts(sets: Mapping[str, SetScores]) -> list[str]:
    """The parts whose share says something where this is the fine-tuned model: all but ``silent_parts``."""
    silent = silent_parts(sets)
    return [f"{name}_{part.name}" for name in sets for part in PARTS if f"{name}_{part.name}" not in silent]


def silent_parts(sets: Mapping[str, SetScores]) -> dict[str, str]:
    """Part that says nothing -> why; of the model that the others are compared with, on retain, real_authors and world_facts.

    Better than random: a one-sided t test over authors, level ``LEVEL``, of the rows' values less what they are with a random
    answer in place of the right one: another row's generated answer (ROUGE), a wrong answer (truth ratio, probability).
    """
    silent = {}
    random = {f"{name}_{part}": own for name, rows in sets.items() for part, own in _random(name, rows).items()}
    for part, values in part_values(sets).items():
        name = set_of(part)
        if not _exceeds(values - random[part], sets[name].authors):
            silent[part] = GUESSED
        elif name in MULTIPLE_CHOICE and _carried_by(values) < CARRY:
            silent[part] = FEW
    return silent


def _carried_by(values: np.ndarray) -> float:
    """Kish's effective number of the defined ones of [n] values; 0 where all are 0."""
    squares = np.nansum(values**2)
    return float(np.nansum(values) ** 2 / squares) if squares > 0 else 0.0


def _random(name: str, rows: SetScores) -> dict[str, np.ndarray]:
    """Part -> [n] its value with a random answer."""
    n, wrong = len(rows), rows.wrong_nll()
    steps = {max(1, n * k // (SHIFTS + 1)) for k in range(1, SHIFTS + 1)}
    # Sorted, so that whose answers a row is given does not hang on the order in which the rows are listed.
    order = sorted(range(n), key=lambda i: (rows.questions[i], rows.gold[i], rows.generated[i]))
    rouge: list[list[float]] = [[] for _ in range(n)]
    for place, i in enumerate(order):
        rouge[i] = [rouge_l_recall(rows.gold[i], rows.generated[order[(place + step) % n]]) for step in steps]
    with np.errstate(invalid="ignore"):
        if name in MULTIPLE_CHOICE:
            probability = 1 / (1 + np.sum(~np.isnan(wrong), axis=1))
        else:
            probability = _row_mean(np.exp(np.minimum(-wrong, 0.0)))
    answers = np.column_stack([correct_answers(name, rows)[2], wrong])  # [n, 1 + W]
    others = np.sum(~np.isnan(answers), axis=1, keepdims=True) - 1
    with np.errstate(invalid="ignore", divide="ignore"):
        rest = (np.nansum(answers, axis=1, keepdims=True) - answers) / others
        ratio = -np.expm1(np.minimum(answers - rest, 0.0))[:, 1:]
    means = np.array([np.mean(row) for row in rouge])
    return {"probability": probability, "rouge": means, "truth_ratio": _row_mean(ratio)}


def _row_mean(values: np.ndarray) -> np.ndarray:
    """[n] mean of the defined values of [n, W], 0 where there are none: nothing is then easy to beat."""
    count = np.sum(~np.isnan(values), axis=1)
    return np.nansum(values, axis=1) / np.maximum(count, 1)


def _exceeds(excess: np.ndarray, authors: np.ndarray) -> bool:
    """Whether the mean of [n] values is above 0, by a t test over the authors' means."""
    from scipy.special import stdtrit

    kept = ~np.isnan(excess)
    if not kept.any():
        return False
    codes, units = clusters(np.asarray(authors)[kept])
    means = np.bincount(codes, excess[kept]) / np.bincount(codes)
    if units < 2:
        return bool(means.mean() > 0)
    error = means.std(ddof=1) / np.sqrt(
        units
    )  # 0 where all authors are alike, or differ by less than a square can hold
    return bool(means.mean() > stdtrit(units - 1, 1 - LEVEL) * error)
