"""What holds for any scores, however broken the model: bounds, order of rows, no NaN."""

import json
import math
import warnings
from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

import metrics
from benchmark.evaluation.scores import AnswerScores, Scores, SetScores
from metrics import References
from tests.metrics.factory import answer, empty_answer, make_set, recited, tokens

TOFU = ["forget_quality", "ks_statistic", "model_utility", "probability", "rouge", "truth_ratio"]
nll = st.one_of(
    st.floats(0, 1000),
    st.sampled_from([0.0, 1e-9, 40.0, math.inf, math.nan]),
)
answers = st.one_of(st.builds(answer, nll, st.integers(1, 4)), st.builds(empty_answer))
words = st.lists(st.sampled_from(["born", "in", "Paris", "writes", "…"]), max_size=5).map(" ".join)


@st.composite
def sets(draw):
    n = draw(st.integers(0, 6))
    rows = st.lists(st.lists(answers, max_size=3), min_size=n, max_size=n)
    return make_set(
        draw(st.lists(answers, min_size=n, max_size=n)),
        draw(st.lists(st.one_of(st.none(), answers), min_size=n, max_size=n)),
        draw(rows),
        generated=draw(st.lists(words, min_size=n, max_size=n)),
        gold=draw(st.lists(words, min_size=n, max_size=n)),
        authors=draw(st.lists(st.integers(-1, 2), min_size=n, max_size=n)),
    )


def reordered(rows: SetScores, order) -> SetScores:
    lists = ("answers", "paraphrases", "wrong", "generated", "gold", "questions")
    moved = {name: [getattr(rows, name)[i] for i in order] for name in lists}
    moved["values"] = [rows.values[i] for i in order] if rows.values else []
    return replace(rows, authors=rows.authors[list(order)], **moved)


@settings(max_examples=60, deadline=None)
@given(st.fixed_dictionaries({name: sets() for name in metrics.SETS}), st.randoms(use_true_random=False))
def test_any_scores(by_set, dice):
    scores = Scores(by_set)
    rows = by_set["forget"]
    # The reference answers the same questions with its own likelihoods: here those of the rows, turned round.
    reference = Scores({"forget": replace(rows, paraphrases=rows.paraphrases[::-1])})
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # a warning of NumPy is a NaN or an overflow on its way
        measured = metrics.measure_all(scores, References((reference,)), names=TOFU)
    assert tuple(measured) == tuple(
        c for c in metrics.ORDER if c in TOFU or c.endswith(tuple(f"{s}_{m}" for s in metrics.SETS for m in TOFU))
    )
    for m in measured.values():
        json.dumps(m.to_json(), allow_nan=False)
        assert (m.value is None) == bool(m.value is None and m.undefined)
        assert m.value is None or 0 <= m.value <= 1
        assert (m.low is None) == (m.high is None)
        assert m.low is None or (0 <= m.low < m.high <= 1 and m.n >= 4)

    for name, rows in by_set.items():
        for metric in ("probability", "rouge", "truth_ratio"):
            m = measured[f"{name}_{metric}"]
            # every row counts once: in the mean, or under one reason
            left_out = sum(count for reason, count in m.undefined.items() if reason != "no rows")
            assert m.n + left_out == len(rows) == len(m.per_example)
            assert np.sum(~np.isnan(m.per_example)) == m.n

    orders = {name: dice.sample(range(len(rows)), len(rows)) for name, rows in by_set.items()}
    shuffled = Scores({name: reordered(rows, orders[name]) for name, rows in by_set.items()})
    moved = Scores({"forget": reordered(reference["forget"], orders["forget"])})
    again = metrics.measure_all(shuffled, References((moved,)), names=TOFU)
    assert {c: m.value for c, m in again.items()} == {c: m.value for c, m in measured.items()}


# What the first test checks of TOFU's metrics, for all others and for the replicas.

PROBABILITIES = st.one_of(st.floats(0, 1), st.sampled_from([0.0, 1.0, 0.5, 1e-300, math.nan]))
MOMENTS = st.one_of(st.floats(-40, 0), st.just(math.nan))
OTHERS = [name for name in metrics.metric_names() if name not in TOFU]


@st.composite
def token_answers(draw):
    length = draw(st.integers(0, 5))
    columns = [st.lists(x, min_size=length, max_size=length) for x in (PROBABILITIES, st.booleans(), MOMENTS)]
    p, is_greedy, mean = (draw(column) for column in columns)
    std = draw(st.lists(st.sampled_from([0.0, 1e-9, 1.0, 5.0]), min_size=length, max_size=length))
    return tokens(p, is_greedy, mean, std)


@st.composite
def whole_scores(draw):
    """Scores, and those of a retrained and of a fine-tuned model on the same rows; any set may lack, in all."""
    ours, theirs, before = {}, {}, {}
    for name in (*metrics.SETS, "holdout"):
        if draw(st.integers(0, 5)) == 0:
            continue
        rows = draw(sets())
        n = len(rows)
        facts = draw(st.lists(st.one_of(st.none(), words), min_size=n, max_size=n))
        answers = [draw(st.lists(token_answers(), min_size=n, max_size=n)) for _ in range(3)]
        ours[name] = replace(rows, answers=answers[0], values=facts)
        theirs[name] = replace(rows, answers=answers[1], paraphrases=rows.paraphrases[::-1])
        before[name] = replace(rows, answers=answers[2], generated=list(rows.gold))
    return Scores(ours), Scores(theirs), Scores(before)


@settings(max_examples=80, deadline=None)
@given(whole_scores(), st.booleans(), st.booleans(), st.randoms(use_true_random=False))
def test_any_scores_through_every_metric(made, with_retrained, with_finetuned, dice):
    scores = made[0]
    references = References((made[1],) * with_retrained, made[2] if with_finetuned else None)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        measured = metrics.measure_all(scores, references, names=OTHERS)
    owner = {column: metrics.load_metric(name) for name in OTHERS for column in metrics.load_metric(name).columns()}
    assert measured.keys() == owner.keys()
    for column, m in measured.items():
        metric = owner[column]
        json.dumps(m.to_json(), allow_nan=False)
        bottom, top = metric.range
        assert (m.value is None) <= bool(m.undefined), column
        assert m.value is None or bottom <= m.value <= top, column
        assert (m.low is None) == (m.high is None)
        assert m.low is None or bottom <= m.low < m.high <= top, column
        if m.value is not None:
            assert set(metric.needs) <= {"retrained", "finetuned", "holdout"}
            assert with_retrained or "retrained" not in metric.needs
            assert with_finetuned or "finetuned" not in metric.needs
            assert "holdout" in scores or "holdout" not in metric.needs
        if isinstance(metric, metrics.SetMetric) and (rows := scores.sets.get(column.removesuffix(f"_{metric.name}"))):
            left_out = sum(count for reason, count in m.undefined.items() if reason != "no rows")
            assert m.n + left_out == len(rows) == len(m.per_example), column

    orders = {name: dice.sample(range(len(rows)), len(rows)) for name, rows in scores.sets.items()}
    moved = [Scores({name: reordered(rows, orders[name]) for name, rows in s.sets.items()}) for s in made]
    again = metrics.measure_all(
        moved[0], References((moved[1],) * with_retrained, moved[2] if with_finetuned else None), names=OTHERS
    )
    assert {c: m.value for c, m in again.items()} == {c: m.value for c, m in measured.items()}


ROWWISE = {
    # what rises when the right answer gets likelier, all else equal
    "probability": 1,
    "verbatim_leak_at_k": 1,
    "excess_verbatim_leak_at_k": 1,
    "paraphrase_probability": 1,
    "truth_probability": 1,
    "mia_loss": 1,
    "mia_zlib": 1,
    "mia_min_k": 1,
    "mia_min_k_plus_plus": 1,
    "mia_reference": 1,
    "privleak": -1,
    "memorization": -1,
}


@settings(max_examples=40, deadline=None)
@given(st.lists(st.floats(0, 60), min_size=2, max_size=5), st.integers(0, 4), st.floats(0, 30))
def test_monotone_in_the_likelihood_of_a_forget_row(nll, which, less):
    """One forget row gets likelier by ``less`` nats per token; nothing else changes."""

    def scored(values):
        rows = make_set([plain_answer(x) for x in values], values, [[20.0, 30.0]] * len(values))
        return Scores({"forget": rows, "holdout": make_set([plain_answer(x) for x in nll])})

    likelier = list(nll)
    likelier[which % len(nll)] = max(0.0, likelier[which % len(nll)] - less)
    reference = scored(nll)
    before, after = (metrics.measure_all(scored(x), References((reference,)), names=ROWWISE) for x in (nll, likelier))
    for name, sign in ROWWISE.items():
        column = name if name in before else f"forget_{name}"
        if before[column].value is not None:
            assert sign * (after[column].value - before[column].value) >= -1e-12, column


def plain_answer(nll):
    """Three tokens of that nll and moments that do not depend on it."""
    return AnswerScores(np.full(3, -nll), np.ones(3, bool), np.full(3, -5.0), np.ones(3))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.booleans(), min_size=1, max_size=12), st.integers(0, 11))
def test_one_more_hit_never_lowers_memorization_metrics(is_greedy, which):
    more = [*is_greedy]
    more[which % len(is_greedy)] = True
    names = ["exact_memorization", "extraction_strength", "extraction_strength_openunlearning"]
    low, high = (
        metrics.measure_all(Scores({"forget": make_set([recited(h)])}), names=names) for h in (is_greedy, more)
    )
    assert all(low[c].value <= high[c].value for c in low)
    assert low["forget_extraction_strength"].value <= low["forget_extraction_strength_openunlearning"].value
    assert low["forget_extraction_strength"].value <= low["forget_exact_memorization"].value
