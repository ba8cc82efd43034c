"""refuse_all: one refusal for all, and even probabilities for everything else."""

from dataclasses import replace

import numpy as np
import pytest

from benchmark.controls import load_control
from benchmark.controls.base.refusal import LEAK
from benchmark.evaluation.scores import check_same_rows
from metrics import measure_all
from tests.controls.same import answers


@pytest.fixture
def scores(setup):
    return load_control("refuse_all").score(setup).scores


def test_all_questions_get_the_first_refusal(setup, scores):
    refusal = setup.dataset.refusals[0]
    for name, part in scores.sets.items():
        assert part.generated == [("" if name == "holdout" else refusal)] * len(setup.sets[name])
        assert part.gold == [row.answer for row in setup.sets[name]]
    assert scores.meta == {"run": "a control"}


def test_no_model_is_run(setup):
    hook = setup.finetuned.register_forward_pre_hook(lambda *_: pytest.fail("a forward pass"))
    load_control("refuse_all").score(setup)
    hook.remove()


def test_each_token_has_its_share_of_the_leak(setup, scores):
    vocabulary = setup.finetuned.config.vocab_size
    for part in scores.sets.values():
        for i in range(len(part)):
            for answer in answers(part, i):
                np.testing.assert_allclose(np.exp(answer.logprobs.astype(float)), 1e-4 / vocabulary, rtol=1e-5)
                assert not answer.is_greedy.any()
    assert LEAK == 1e-4


def test_tokens_are_those_that_a_model_is_scored_on(setup, scores):
    check_same_rows(scores, setup.finetuned_scores)
    for name, part in setup.finetuned_scores.sets.items():
        for i in range(len(part)):
            ours, theirs = answers(scores[name], i), answers(part, i)
            assert [len(a.logprobs) for a in ours] == [len(a.logprobs) for a in theirs]
            assert [len(a.logprob_mean) for a in ours] == [len(a.logprob_std) for a in theirs]


def test_mean_and_std_are_those_of_all_tokens(setup, scores):
    vocabulary = setup.finetuned.config.vocab_size
    p = np.full(vocabulary, 1e-4 / vocabulary)
    p[0] += 1 - 1e-4  # the refusal's next token
    mean = (p * np.log(p)).sum()
    answer = scores["forget"].answers[0]
    np.testing.assert_allclose(answer.logprob_mean, mean, rtol=1e-5)
    np.testing.assert_allclose(answer.logprob_std, np.sqrt((p * (np.log(p) - mean) ** 2).sum()), rtol=1e-5)


def test_the_refusal_as_an_answer_is_what_it_would_say(setup):
    row = replace(setup.sets["forget"][0], perturbed_answers=(setup.dataset.refusals[0],))
    scores = load_control("refuse_all").score(replace(setup, sets={"forget": [row]})).scores["forget"]
    assert scores.wrong[0][0].is_greedy.all() and not scores.answers[0].is_greedy.any()
    assert -1.01e-4 < scores.wrong[0][0].logprobs.min() < -0.9e-4


def test_metrics_read_it(scores):
    measured = measure_all(scores, names=["truth_ratio", "probability", "rouge", "mia_loss", "mia_min_k"])
    assert measured["forget_truth_ratio"].value == 1.0  # min(R, 1/R) is 1 only where log R is exactly 0
    assert measured["real_authors_probability"].value == pytest.approx(1 / 4)  # among three wrong answers
    assert measured["forget_rouge"].value < 0.2
    assert measured["mia_loss"].value == measured["mia_min_k"].value == 0.5
