"""From a dataset's sets to scores: each distinct pair is read once, and each question asked once."""

import numpy as np
import pytest

from benchmark.evaluation import teacher_forcing
from benchmark.evaluation.evaluate import eos_ids, generate, score_model, scoring_units
from benchmark.evaluation.teacher_forcing import score_answers
from tests.evaluation.cases import SETS
from tests.model_fixtures import tiny_model
from tests.models.test_generation import one_by_one


def test_each_distinct_pair_is_forwarded_once(forwards, monkeypatch):
    model, prompt_tokenizer = tiny_model("llama")
    monkeypatch.setattr(teacher_forcing, "PAYS_BELOW", 0.0)
    done = []
    scores = score_model(model, prompt_tokenizer, SETS, max_new_tokens=3, meta={"a": 1}, on_progress=done.append)
    # Ana: cook, She cooks, smith; Leo: smith, cook; Where: Here; Pia: cook
    assert sum(rows for rows, _ in forwards.batches) == 7
    assert sum(done) == scoring_units(SETS) == 7 + 3
    forget, facts = scores["forget"], scores["world_facts"]
    assert forget.answers[0] is facts.answers[0] is forget.wrong[0][1]
    assert (len(forget.wrong[0]), len(forget.wrong[1]), len(facts.wrong[1])) == (2, 1, 0)
    assert facts.paraphrases == [None, None] and forget.paraphrases[1] is forget.answers[1]
    assert forget.generated[0] == facts.generated[0] and scores["holdout"].generated == [""]
    assert (forget.authors.tolist(), facts.authors.tolist()) == ([3, 4], [-1, -1])
    assert (forget.values, forget.gold) == ([None, "smith"], ["A cook.", "A smith."])
    assert facts.questions == ["Who is Ana?", "Where?"] and scores.meta == {"a": 1}
    (expected,) = score_answers(model, prompt_tokenizer, [("Who is Leo?", "A smith.")])
    np.testing.assert_allclose(forget.answers[1].logprobs, expected.logprobs, rtol=1e-5)


def test_gold_answers_have_mean_and_std():
    model, prompt_tokenizer = tiny_model("llama")
    scores = score_model(model, prompt_tokenizer, SETS, max_new_tokens=1)
    for part in scores.sets.values():
        assert all(len(a.logprob_mean) == len(a.logprob_std) == len(a.logprobs) > 0 for a in part.answers)
    forget = scores["forget"]
    assert len(forget.paraphrases[0].logprob_mean) == len(forget.wrong[0][0].logprob_std) == 0
    assert forget.wrong[0][1] is forget.answers[0]  # wrong for one row, gold for another


def test_answers_come_as_text_in_the_order_of_the_questions():
    model, prompt_tokenizer = tiny_model("llama")
    questions = ["Who is Mira Quist of the old harbour town?", "Who?", "Where was Ana born?"]
    texts = generate(model, prompt_tokenizer, questions, max_new_tokens=6)
    for question, text in zip(questions, texts, strict=True):
        ids = prompt_tokenizer.tokenizer(f"Question: {question}\nAnswer:\n")["input_ids"]
        (expected,) = one_by_one(model, [ids], {prompt_tokenizer.eos_id}, 6)
        assert text == prompt_tokenizer.tokenizer.decode(expected).strip()


@pytest.mark.parametrize(("config", "more"), [(None, set()), (7, {7}), ([7, 9], {7, 9})])
def test_ends_are_the_tokenizers_and_the_models(config, more, monkeypatch):
    model, prompt_tokenizer = tiny_model("llama")
    monkeypatch.setattr(model.generation_config, "eos_token_id", config)
    assert eos_ids(model, prompt_tokenizer) == {prompt_tokenizer.eos_id} | more
