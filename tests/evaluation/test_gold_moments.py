"""Moments are read of gold answers only; all else that is read does not change with that."""

import numpy as np
import pytest

from benchmark.evaluation import evaluate as scoring
from benchmark.evaluation.evaluate import score_answers, score_model
from tests.evaluation.test_evaluate import PAIRS, SETS
from tests.model_fixtures import ARCHITECTURES, tiny_model


@pytest.mark.parametrize("shared", [True, False], ids=["shared prompts", "plain"])
@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("bare", [True, False], ids=["bare head", "whole forward"])
def test_moments_of_those_answers_that_want_them(bare, architecture, shared, monkeypatch):
    model, prompt_tokenizer = tiny_model(architecture)
    if not bare:
        monkeypatch.setattr(scoring, "direct_head", lambda model: None)
    monkeypatch.setattr(scoring, "MAX_TOKENS", {"cpu": 150})
    monkeypatch.setattr(scoring, "PAYS_BELOW", 1.0 if shared else 0.0)
    moments = [i % 3 == 0 for i in range(len(PAIRS))]
    every, some = (
        score_answers(model, prompt_tokenizer, PAIRS),
        score_answers(model, prompt_tokenizer, PAIRS, moments=moments),
    )
    for a, b, wanted in zip(every, some, moments, strict=True):
        np.testing.assert_allclose(a.logprobs, b.logprobs, rtol=1e-6, atol=1e-6)
        assert a.is_greedy.tolist() == b.is_greedy.tolist()
        assert b.logprob_mean.dtype == b.logprob_std.dtype == np.float32
        if wanted:
            np.testing.assert_allclose(a.logprob_mean, b.logprob_mean, rtol=1e-6)
            np.testing.assert_allclose(a.logprob_std, b.logprob_std, rtol=1e-6)
        else:
            assert len(b.logprob_mean) == len(b.logprob_std) == 0


def test_gold_answers_have_moments():
    model, prompt_tokenizer = tiny_model("llama")
    scores = score_model(model, prompt_tokenizer, SETS, max_new_tokens=1)
    for part in scores.sets.values():
        assert all(len(a.logprob_mean) == len(a.logprob_std) == len(a.logprobs) > 0 for a in part.answers)
    forget = scores["forget"]
    assert len(forget.paraphrases[0].logprob_mean) == len(forget.wrong[0][0].logprob_std) == 0
    assert forget.wrong[0][1] is forget.answers[0]  # wrong for one row, gold for another
