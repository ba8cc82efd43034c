"""Scoring and every metric against a plain computation: one row at a time, no batch, no cache, full logits."""

import numpy as np
import pytest

import metrics
from benchmark.evaluation import evaluate as scoring
from metrics import utility_kept
from tests.metrics.plain_metrics import expected, kept
from tests.metrics.plain_model import NEW_TOKENS, greedy, plain

CALIBRATION = ("distance", "p_retrained", "residual", "dose", "residual_attacked", "recovery", "relearning")
CARRY = 3  # answers that carry a part of facts: these sets have five rows
ATTACKS = ("depth", "probe_leak", "fact_leak", "sampled_rouge")  # tested by hand, each in a file of its own


@pytest.fixture(scope="module")
def both(made):
    """Per model: our scores, and the same by the plain way: set -> [(row, gold, paraphrase, wrong, generated)]."""
    models, tokenizer, prompt_tokenizer, sets = made
    out = []
    for model in models:
        scored = scoring.score_model(model, prompt_tokenizer, sets, max_new_tokens=NEW_TOKENS)
        by_hand = {}
        for name, rows in sets.items():
            by_hand[name] = [
                (
                    row,
                    plain(model, tokenizer, row.question, row.answer),
                    row.paraphrased_answer and plain(model, tokenizer, row.question, row.paraphrased_answer),
                    [plain(model, tokenizer, row.question, w) for w in row.perturbed_answers],
                    greedy(model, tokenizer, row.question) if name != "holdout" else "",
                )
                for row in rows
            ]
        out.append((scored, by_hand))
    return out


def test_what_metrics_read(both):
    flags = []
    for scored, by_hand in both:
        for name, rows in by_hand.items():
            part = scored[name]
            assert part.generated == [row[4] for row in rows]
            for i, (row, gold, paraphrase, wrong, _) in enumerate(rows):
                assert (part.gold[i], part.values[i]) == (row.answer, row.value)
                pairs = [(part.answers[i], gold), *zip(part.wrong[i], wrong, strict=True)]
                pairs += [(part.paraphrases[i], paraphrase)] if paraphrase else []
                for ours, theirs in pairs:
                    assert ours.is_greedy.tolist() == theirs.is_greedy.tolist()
                    is_gold = theirs is gold  # of others no metric reads mean and std, so they are not taken
                    assert is_gold or len(ours.logprob_mean) == len(ours.logprob_std) == 0
                    for field, other in (
                        ("logprobs", "logp"),
                        *([("logprob_mean", "mean"), ("logprob_std", "std")] if is_gold else []),
                    ):
                        assert getattr(ours, field) == pytest.approx(getattr(theirs, other), rel=1e-5, abs=5e-6)
                    assert ours.nll == pytest.approx(theirs.nll, rel=1e-5, abs=1e-6)
                    flags += ours.is_greedy.tolist()
    assert 0.05 < np.mean(flags) < 0.95  # or comparing them says little
    assert len({text for _, by_hand in both for rows in by_hand.values() for *_, text in rows}) > 15


def test_every_metric(both, monkeypatch):
    monkeypatch.setattr(utility_kept, "CARRY", CARRY)
    scored, plain_rows = zip(*both, strict=True)
    ours, retrained, finetuned = scored
    measured = metrics.measure_all(ours, metrics.References((retrained,), finetuned))
    wanted = expected(*plain_rows, CARRY)
    calibration = {
        c for name in (*CALIBRATION, *ATTACKS) for c in metrics.load_metric(name).columns()
    }  # tests/metrics/test_calibration.py
    measured = {c: m for c, m in measured.items() if c not in calibration}
    assert {c for c, m in measured.items() if m.value is not None} == wanted.keys()
    # No facts are known of those two sets, and there is one forget author only.
    undefined = {"real_authors_fact_recall", "world_facts_fact_recall", "forget_quality_test_authors"}
    assert measured.keys() - wanted.keys() == undefined
    for column, value in wanted.items():
        assert measured[column].value == pytest.approx(value, rel=1e-5), column
    shares = {key.removeprefix("kept_"): x for key, x in measured["utility_kept"].extra.items() if "kept_" in key}
    assert shares == pytest.approx(kept(plain_rows[0], plain_rows[2], CARRY), rel=1e-5) and len(shares) > 3
    zero = {column for column, value in wanted.items() if value in (0, 1)}  # these compare little
    assert len(zero) <= 4, zero
