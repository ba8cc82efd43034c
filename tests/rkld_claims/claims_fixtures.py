"""Boards of made-up rows for the tests of claims: eight forget authors of two rows, one retrained model."""

import numpy as np
from scipy.stats import ks_2samp

from benchmark.evaluation.scores import Scores
from benchmark.records.record import save_record
from benchmark.rkld_claims import examine
from tests.leaderboard.made_records import CONFIG, make_record
from tests.metrics.factory import make_set

AUTHORS = np.repeat(np.arange(8), 2)
RETRAINED = np.random.default_rng(0).normal(0, 1, 16)  # log truth ratios
NOISE = np.random.default_rng(1).normal(0, 0.4, 16)  # what two trainings differ by
COMMON = np.linspace(0.1, 0.4, 16)  # probabilities: what all models find easy or hard
BASELINES = "grad_ascent grad_diff ga+kl npo npo+rt npo+kl dpo dpo+rt dpo+kl idk task_vector".split()


def utility_sets(level, n=12):
    """Three sets whose nine aggregates are 1, but for retain's probability, which is about ``level``."""
    near = level * (1 + 0.1 * np.cos(np.arange(n)))
    sure = [0.0] * n
    retain = make_set(-np.log(near), sure, [[50.0]] * n, authors=np.arange(n) // 2)
    other = make_set(sure, None, [[50.0]] * n)
    return {"retain": retain, "real_authors": other, "world_facts": other}, 9 / (8 + 1 / near.mean())


def save(folder, method, *, seeds=(0, 1), **how):
    """A row with the same numbers under each seed; the last record."""
    return [save_run(folder, method, seed, **how) for seed in seeds][-1]


def save_run(folder, method, seed, *, shift=0.0, level=0.8, p=COMMON, split="forget10", authors=AUTHORS,
             alpha=None, far=1.0, **fields):  # fmt: skip
    """A run whose log truth ratios are the retrained model's plus noise plus ``shift``."""
    n = len(authors)
    log_r = RETRAINED[:n] + (0 if method == "retrained" else NOISE[:n]) + shift
    sets, utility = utility_sets(level)
    paraphrase = (50 + log_r).tolist()
    forget = make_set(-np.log(p[:n]), paraphrase, [[50.0]] * n, authors=authors)
    test = ks_2samp(log_r, RETRAINED[:n])
    metrics = {
        "ks_statistic": (test.statistic,),
        "forget_probability": (float(np.mean(p[:n])),),
        "forget_rouge": (1.0,),
        "distance_largest": (far,),
    }
    config = fields.pop("config", CONFIG if alpha is None else CONFIG | {"method": {"alpha": alpha}})
    record = make_record(
        method, seed, split, quality=(test.pvalue,), utility=(utility,), metrics=metrics, config=config,
        reference_key=f"retrained-{split}-0-1", **fields,
    )  # fmt: skip
    save_record(folder, record, Scores({"forget": forget, **sets}))
    return record


def references(folder, split="forget10", **fields):
    save(folder, "retrained", seeds=[0], reference=True, split=split, **fields)
    save(folder, "finetuned", seeds=[0], shift=-4, split=split, **fields)


def verdicts(folder):
    return {(f.claim, f.split): f.verdict for f in examine(folder)}


def finding(folder, claim, split="forget10"):
    (outcome,) = [f for f in examine(folder) if (f.claim, f.split) == (claim, split)]
    return outcome


def distances(shift):
    """[8] each author's mean distance to the retrained model of a row saved with that shift."""
    return np.abs(NOISE + shift).reshape(8, 2).mean(axis=1)
