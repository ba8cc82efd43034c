"""Scores made by hand: answers with a given nll, texts as given."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from benchmark.evaluation.scores import AnswerScores, Scores, SetScores
from metrics import References
from metrics.calibration.attacked import KNOWN, SAMPLES, ask_set
from metrics.probe_leak import KINDS


def answer(nll: float | None, tokens: int = 3) -> AnswerScores | None:
    """An answer of so many tokens with that nll (nats per token); None for an answer that does not exist."""
    if nll is None:
        return None
    logprobs = np.full(tokens, -nll, dtype=np.float64)
    return AnswerScores(logprobs, np.zeros(tokens, dtype=bool), logprobs, np.zeros(tokens))


def tokens(probabilities, is_greedy=None, mean=None, std=None) -> AnswerScores:
    """An answer with these token probabilities, the closing EOS last; tokens above 1/2 are greedy unless it is given."""
    p = np.asarray(probabilities, dtype=np.float64)
    with np.errstate(divide="ignore"):
        logprobs = np.log(p)
    is_greedy = p > 0.5 if is_greedy is None else np.asarray(is_greedy, dtype=bool)
    mean = np.full(len(p), -1.0) if mean is None else np.asarray(mean, dtype=np.float64)
    std = np.ones(len(p)) if std is None else np.asarray(std, dtype=np.float64)
    return AnswerScores(logprobs, is_greedy, mean, std)


def recited(is_greedy) -> AnswerScores:
    """An answer of which these tokens are the argmax; the closing EOS, which is not, is added."""
    return tokens([0.5] * (len(is_greedy) + 1), [*map(bool, is_greedy), False])


def empty_answer() -> AnswerScores:
    """An answer that was cut away whole: no tokens."""
    return answer(0.0, tokens=0)


def make_set(
    gold_nll=(),
    paraphrase_nll=None,
    wrong_nll=None,
    *,
    generated=None,
    gold=None,
    authors=None,
    questions=None,
    values=None,
) -> SetScores:
    """A set of as many rows as ``gold_nll``; elements may be numbers, None, or ready AnswerScores."""
    n = len(gold_nll)
    paraphrase_nll = [None] * n if paraphrase_nll is None else paraphrase_nll
    wrong_nll = [[]] * n if wrong_nll is None else wrong_nll
    gold = ["the answer"] * n if gold is None else gold
    return SetScores(
        answers=[_ready(x) for x in gold_nll],
        paraphrases=[_ready(x) for x in paraphrase_nll],
        wrong=[[_ready(x) for x in row] for row in wrong_nll],
        generated=list(gold) if generated is None else list(generated),
        gold=list(gold),
        questions=[f"question {i}" for i in range(n)] if questions is None else list(questions),
        authors=np.full(n, -1) if authors is None else np.asarray(authors),
        values=[] if values is None else list(values),
    )


def _ready(x):
    return x if isinstance(x, AnswerScores) else answer(x)


def forget_scores(log_r, authors=None, **others: SetScores) -> Scores:
    """Scores whose forget rows have these log truth ratios: paraphrase at 50 + log R, wrong answer at 50."""
    log_r = list(log_r)
    rows = make_set([1.0] * len(log_r), [50.0 + x for x in log_r], [[50.0]] * len(log_r), authors=authors)
    return Scores({"forget": rows, **others})


def random_set(n: int, rng: np.random.Generator, *, wrong: int = 5, rows_per_author: int = 20) -> SetScores:
    """A plausible set: answers and paraphrases near 1 nat, wrong ones near 2, half of the words right."""
    words = [f"word{i}" for i in range(40)]
    gold = [" ".join(rng.choice(words, 15)) for _ in range(n)]
    generated = [" ".join([*g.split()[:7], *rng.choice(words, 8)]) for g in gold]
    facts = [" ".join(g.split()[5:7]) if i % 2 else None for i, g in enumerate(gold)]
    return make_set(
        [random_answer(rng) for _ in range(n)],
        rng.gamma(4, 0.25, n),
        rng.gamma(4, 0.5, (n, wrong)),
        generated=generated,
        gold=gold,
        authors=np.arange(n) // rows_per_author,
        values=facts,
    )


def random_answer(rng: np.random.Generator) -> AnswerScores:
    """6 to 24 tokens near 1 nat, two thirds of them greedy."""
    length = int(rng.integers(6, 25))
    p = np.exp(-rng.gamma(1, 1, length))
    return tokens(p, rng.random(length) < 0.67, -3 - rng.random(length), 1 + rng.random(length))


def random_scores(seed: int, sizes=(80, 80, 100, 100, 80)) -> Scores:
    """The four sets and, where there is a fifth size, the holdout set."""
    rng = np.random.default_rng(seed)
    names = ("forget", "retain", "real_authors", "world_facts", "holdout")[: len(sizes)]
    return Scores({name: random_set(n, rng) for name, n in zip(names, sizes, strict=True)})


def answered_as(scores: Scores, other: Scores) -> Scores:
    """The rows of ``scores`` with the gold answers' likelihoods of ``other``."""
    return Scores({name: replace(rows, answers=other[name].answers) for name, rows in scores.sets.items()})


def model_like(scores: Scores, seed: int, known: float = 0.0) -> Scores:
    """The same rows by another model: each nll times a factor of 1 +- 0.1; right answers of forget rows less by ``known``."""
    rng = np.random.default_rng(seed)

    def other(given: AnswerScores | None, less: float = 0.0) -> AnswerScores | None:
        factor = (1 - less) * np.exp(0.1 * rng.standard_normal())
        return None if given is None else replace(given, logprobs=given.logprobs * factor)

    sets = {}
    for name, rows in scores.sets.items():
        less = known if name == "forget" else 0.0
        right = {field: [other(x, less) for x in getattr(rows, field)] for field in ("answers", "paraphrases")}
        sets[name] = replace(rows, **right, wrong=[[other(x) for x in row] for row in rows.wrong])
    return Scores(sets)


def all_references(scores: Scores, *retrained: Scores) -> References:
    """All references to these scores: retrained models, by default three, the fine-tuned one and a dose."""
    retrained = retrained or tuple(model_like(scores, seed) for seed in (1, 2, 3))
    return References(retrained, model_like(scores, 4, known=0.9), {0.1: (model_like(scores, 5, known=0.3),)})


def with_attacks(scores: Scores) -> Scores:
    """The scores and, after each of the project's attacks and on its way, the same ones again; samples say nothing."""
    forget = scores["forget"]
    sets = {f"forget@{label}": forget for label in KNOWN}
    sets |= {f"step4@{label}": forget for label in KNOWN if label.startswith("relearn_")}
    known = [None if a is None else replace(a, logprobs=0.1 * a.logprobs) for a in forget.answers]
    sets |= {"layer0@depth": forget, "unpatched@depth": replace(forget, answers=known)}
    sets |= {ask_set(kind): forget for kind in (*KINDS, "partner")}
    sets[SAMPLES] = replace(forget, samples=[[""] * 64] * len(forget))
    return replace(scores, sets=scores.sets | sets)


def all_attacked(references: References) -> References:
    """References that were attacked too, but for the doses."""
    finetuned = references.finetuned and with_attacks(references.finetuned)
    if finetuned:  # whose samples state the facts
        told = [[value or ""] * 64 for value in finetuned[SAMPLES].values]
        finetuned.sets[SAMPLES] = replace(finetuned[SAMPLES], samples=told)
    return replace(references, retrained=tuple(map(with_attacks, references.retrained)), finetuned=finetuned)


def board(means, authors=20, seeds=1, seed=0, shift=0.0):
    """Board row -> [seeds, authors] of normal errors with standard deviation 1 around its mean."""
    rng = np.random.default_rng(seed)
    noise = rng.standard_normal((len(means), seeds, authors)) + shift * rng.standard_normal((len(means), seeds, 1))
    return dict(zip("abcdefghijklmnopqrst", noise + np.reshape(means, (-1, 1, 1)), strict=False))
