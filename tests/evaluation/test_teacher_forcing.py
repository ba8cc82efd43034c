"""Batched scores equal those computed row by row with all logits."""

import copy

import numpy as np
import pytest
import torch
from transformers import MistralConfig, MistralForCausalLM

from benchmark.common.errors import UserError
from benchmark.evaluation import teacher_forcing
from benchmark.evaluation.teacher_forcing import score_answers
from benchmark.models.generation import generate_greedy
from benchmark.models.tokenization import PromptTokenizer, TokenizedExample
from tests.evaluation.cases import PAIRS, row_by_row
from tests.model_fixtures import ARCHITECTURES, tiny_model


@pytest.mark.parametrize("bare", [True, False], ids=["bare head", "whole forward"])
@pytest.mark.parametrize("shared", [True, False], ids=["shared prompts", "plain"])
@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_equal_to_row_by_row(architecture, shared, bare, monkeypatch):
    """All answers with mean and standard deviation; then a third of them with, which changes nothing else."""
    model, prompt_tokenizer = tiny_model(architecture)
    if not bare:
        monkeypatch.setattr(teacher_forcing, "direct_head", lambda model: None)
    monkeypatch.setattr(teacher_forcing, "MAX_TOKENS", {"cpu": 150})  # several batches of rows of several lengths
    monkeypatch.setattr(teacher_forcing, "PAYS_BELOW", 1.0 if shared else 0.0)
    taken = []
    read = teacher_forcing.read_trees
    monkeypatch.setattr(teacher_forcing, "read_trees", lambda *given: taken.append(1) or read(*given))
    scores = score_answers(model, prompt_tokenizer, PAIRS)
    for (question, answer), ours in zip(PAIRS, scores, strict=True):
        expected = row_by_row(model, prompt_tokenizer, question, answer)
        np.testing.assert_allclose(ours.logprobs, expected["logprobs"], rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(ours.logprob_mean, expected["mean"], rtol=1e-5)
        np.testing.assert_allclose(ours.logprob_std, expected["std"], rtol=1e-5)
        assert ours.is_greedy.tolist() == expected["is_greedy"].tolist()
        assert ours.logprobs.dtype == ours.logprob_mean.dtype == ours.logprob_std.dtype == np.float32
        assert ours.nll == pytest.approx(-expected["logprobs"].double().mean().item(), rel=1e-5)
    assert bool(taken) == shared
    with_mean_std = [i % 3 == 0 for i in range(len(PAIRS))]
    some = score_answers(model, prompt_tokenizer, PAIRS, with_mean_std=with_mean_std)
    for a, b, wanted in zip(scores, some, with_mean_std, strict=True):
        np.testing.assert_allclose(a.logprobs, b.logprobs, rtol=1e-6, atol=1e-6)
        assert a.is_greedy.tolist() == b.is_greedy.tolist()
        assert b.logprob_mean.dtype == b.logprob_std.dtype == np.float32
        if wanted:
            np.testing.assert_allclose(a.logprob_mean, b.logprob_mean, rtol=1e-6)
            np.testing.assert_allclose(a.logprob_std, b.logprob_std, rtol=1e-6)
        else:
            assert len(b.logprob_mean) == len(b.logprob_std) == 0


def test_greedy_tokens_are_marked():
    model, prompt_tokenizer = tiny_model("llama")
    prompt = prompt_tokenizer.encode_prompts(["Who is Ana?"])[0]
    (best,) = generate_greedy(model, [prompt], eos_ids={0}, pad_id=0, max_new_tokens=5)
    other = [*best[:3], (best[3] + 1) % len(prompt_tokenizer.tokenizer)]
    rows = [TokenizedExample(prompt + answer, len(prompt)) for answer in (best, other)]
    first, second = score_answers(model, prompt_tokenizer, [("Who is Ana?", "")] * 2, encoded=rows)
    assert first.is_greedy.tolist() == [True] * len(best)
    assert second.is_greedy.tolist() == [True, True, True, False]


def test_batches_hold_rows_of_similar_length(forwards, monkeypatch):
    model, prompt_tokenizer = tiny_model("llama")
    monkeypatch.setattr(teacher_forcing, "PAYS_BELOW", 0.0)
    monkeypatch.setattr(teacher_forcing, "MAX_TOKENS", {"cpu": 150})
    score_answers(model, prompt_tokenizer, PAIRS)
    lengths = [length for batch in forwards.lengths for length in batch]
    assert lengths == sorted(lengths, reverse=True) and len(lengths) == len(PAIRS)
    assert len(forwards.batches) > 3
    assert all(rows * width <= 150 for rows, width in forwards.batches)
    assert all(min(batch) >= 0.75 * max(batch) for batch in forwards.lengths)


def test_a_large_vocabulary_takes_smaller_batches(forwards, monkeypatch):
    model, prompt_tokenizer = tiny_model("llama")
    monkeypatch.setattr(teacher_forcing, "PAYS_BELOW", 0.0)
    monkeypatch.setattr(teacher_forcing, "direct_head", lambda model: None)
    monkeypatch.setattr(teacher_forcing, "MAX_LOGITS", 60 * model.config.vocab_size)
    score_answers(model, prompt_tokenizer, PAIRS)
    assert all(rows * width <= 60 or rows == 1 for rows, width in forwards.batches)


def test_each_question_with_its_answers_is_one_row(forwards):
    model, prompt_tokenizer = tiny_model("llama")
    score_answers(model, prompt_tokenizer, [("Who is Ana?", text) for text in ("A cook.", "A smith.", "A cook.")] * 2)
    # The check that sharing is exact reads the tree (the largest is the longest too), then scoring reads it.
    assert [rows for rows, _ in forwards.trees] == [1, 1]
    prompt = prompt_tokenizer.encode_prompts(["Who is Ana?"])[0]
    cook, smith = (prompt_tokenizer.tokenizer(text)["input_ids"] for text in ("A cook.", "A smith."))
    alike = next(i for i, (a, b) in enumerate(zip(cook, smith, strict=False)) if a != b)
    width = len(prompt) + len(cook) + len(smith) - alike
    assert forwards.trees[-1] == (1, -(-width // 8) * 8)


def test_too_long_an_answer_is_a_user_error():
    model, prompt_tokenizer = tiny_model("gpt-neox")  # context 128
    with pytest.raises(UserError, match=r"takes \d+ tokens, the model's context is 128; use a shorter --prompt"):
        score_answers(model, prompt_tokenizer, [("Who?", "q " * 100)])


def test_full_memory_halves_the_batches(monkeypatch):
    model, prompt_tokenizer = tiny_model("llama")
    monkeypatch.setattr(teacher_forcing, "PAYS_BELOW", 0.0)
    expected = score_answers(model, prompt_tokenizer, PAIRS)
    read = teacher_forcing.read_tokens

    def small(model, inputs, queries, head):
        if inputs["input_ids"].numel() > 100:
            raise torch.OutOfMemoryError("full")
        return read(model, inputs, queries, head)

    monkeypatch.setattr(teacher_forcing, "read_tokens", small)
    with pytest.warns(UserWarning, match="out of memory with .* going on with smaller batches") as seen:
        scores = score_answers(model, prompt_tokenizer, PAIRS)
    assert len(seen) == 1
    for a, b in zip(scores, expected, strict=True):
        np.testing.assert_allclose(a.logprobs, b.logprobs, rtol=1e-6, atol=1e-6)


def test_a_model_with_a_window_is_read_plainly(monkeypatch):
    """A tree's mask knows no window, so the check finds other numbers and trees are not used."""
    _, prompt_tokenizer = tiny_model("llama")
    torch.manual_seed(0)
    config = MistralConfig(
        vocab_size=len(prompt_tokenizer.tokenizer), hidden_size=16, intermediate_size=16, num_hidden_layers=2,
        num_attention_heads=2, num_key_value_heads=1, sliding_window=6, initializer_range=0.5,
    )  # fmt: skip
    model = MistralForCausalLM(config).eval()
    asked = []
    exact = teacher_forcing.sharing_is_exact
    monkeypatch.setattr(teacher_forcing, "sharing_is_exact", lambda *given: asked.append(exact(*given)) or asked[-1])
    pairs = [p for p in PAIRS if p[0] == "Who is Ana?"]
    for (question, answer), ours in zip(pairs, score_answers(model, prompt_tokenizer, pairs), strict=True):
        expected = row_by_row(model, prompt_tokenizer, question, answer)
        np.testing.assert_allclose(ours.logprobs, expected["logprobs"], rtol=1e-4, atol=1e-5)
    assert asked == [False]


def test_prompts_that_merge_with_their_answers(monkeypatch):
    """After "Answer: " the space belongs to the answer's first token, which so stands inside the prompt."""
    model, prompt_tokenizer = tiny_model("llama")
    merging = PromptTokenizer(prompt_tokenizer.tokenizer, "Question: {question} Answer: ")
    pairs = [("Who?", text) for text in ("Ana", "A cook", "a cook.", "", " Leo")]
    together = score_answers(model, merging, pairs)
    monkeypatch.setattr(teacher_forcing, "PAYS_BELOW", 0.0)
    for pair, row, shared in zip(pairs, merging.encode(pairs), together, strict=True):
        (plain,) = score_answers(model, merging, [pair])
        np.testing.assert_allclose(shared.logprobs, plain.logprobs, rtol=1e-5, atol=1e-6)
        assert len(shared.logprobs) == row.answer_length


def test_nothing_to_score_and_no_token_to_predict():
    model, prompt_tokenizer = tiny_model("llama")
    assert score_answers(model, prompt_tokenizer, []) == []
    (empty,) = score_answers(model, PromptTokenizer(prompt_tokenizer.tokenizer, "{question}"), [("", "")])
    assert len(empty.logprobs) == 0 and np.isnan(empty.nll)


def test_scores_are_float32_also_of_a_bfloat16_model():
    model, prompt_tokenizer = tiny_model("llama")
    exact = score_answers(model, prompt_tokenizer, PAIRS)
    half = score_answers(copy.deepcopy(model).bfloat16(), prompt_tokenizer, PAIRS)
    assert half[0].logprobs.dtype == np.float32
    for a, b in zip(exact, half, strict=True):
        assert 0 < abs(a.nll - b.nll) < 0.1
        assert all(b.logprobs <= 0) and all(b.logprob_mean <= 0)
