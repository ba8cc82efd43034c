"""Moments are read of gold answers only; all else that is read does not change with that."""

import numpy as np
import pytest

from benchmark import scoring
from benchmark.scoring import score_answers, score_model
from tests.model_fixtures import ARCHITECTURES, tiny_model
from tests.test_scoring import PAIRS, SETS


@pytest.mark.parametrize("shared", [True, False], ids=["shared prompts", "plain"])
@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("bare", [True, False], ids=["bare head", "whole forward"])
def test_moments_of_those_answers_that_want_them(bare, architecture, shared, monkeypatch):
    model, encoder = tiny_model(architecture)
    if not bare:
        monkeypatch.setattr(scoring, "direct_head", lambda model: None)
    monkeypatch.setattr(scoring, "MAX_TOKENS", {"cpu": 150})
    monkeypatch.setattr(scoring, "PAYS_BELOW", 1.0 if shared else 0.0)
    moments = [i % 3 == 0 for i in range(len(PAIRS))]
    every, some = score_answers(model, encoder, PAIRS), score_answers(model, encoder, PAIRS, moments=moments)
    for a, b, wanted in zip(every, some, moments, strict=True):
        np.testing.assert_allclose(a.logprobs, b.logprobs, rtol=1e-6, atol=1e-6)
        assert a.hits.tolist() == b.hits.tolist()
        assert b.mean.dtype == b.std.dtype == np.float32
        if wanted:
            np.testing.assert_allclose(a.mean, b.mean, rtol=1e-6)
            np.testing.assert_allclose(a.std, b.std, rtol=1e-6)
        else:
            assert len(b.mean) == len(b.std) == 0


def test_gold_answers_have_moments():
    model, encoder = tiny_model("llama")
    scores = score_model(model, encoder, SETS, max_new_tokens=1)
    for part in scores.sets.values():
        assert all(len(a.mean) == len(a.std) == len(a.logprobs) > 0 for a in part.answers)
    forget = scores["forget"]
    assert len(forget.paraphrases[0].mean) == len(forget.wrong[0][0].std) == 0
    assert forget.wrong[0][1] is forget.answers[0]  # wrong for one row, gold for another
