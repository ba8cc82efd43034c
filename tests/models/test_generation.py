"""Batched greedy answers equal those generated one by one by transformers."""

import numpy as np
import pytest
import torch

from benchmark.evaluation.evaluate import eos_ids, generate
from benchmark.models import generation
from benchmark.models import lm_head as vocabulary
from benchmark.models.generation import generate_greedy, generate_sampled
from tests.model_fixtures import ARCHITECTURES, tiny_model

LENGTHS = (3, 17, 1, 8, 8, 30, 5, 2)
MOST = 14


def prompts(model):
    rng = torch.Generator().manual_seed(4)
    return [torch.randint(1, model.config.vocab_size, (n,), generator=rng).tolist() for n in LENGTHS]


def one_by_one(model, prompts, ends, most=MOST):
    """What transformers generates, cut at the first end."""
    answers = []
    for prompt in prompts:
        ids = torch.tensor([prompt])
        options = {
            "do_sample": False,
            "max_new_tokens": most,
            "pad_token_id": 0,
            "eos_token_id": sorted(ends),
        }
        out = model.generate(ids, attention_mask=torch.ones_like(ids), **options)[0, len(prompt) :].tolist()
        answers.append(out[:-1] if out and out[-1] in ends else out)
    return answers


def ends_of(model):
    """Two tokens that end some answers early and some late."""
    free = one_by_one(model, prompts(model), {0})
    return {free[0][2], free[3][7]}


@pytest.mark.parametrize("bare", [True, False], ids=["bare head", "whole forward"])
@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_equal_to_one_by_one(architecture, bare, monkeypatch):
    model, _ = tiny_model(architecture)
    if bare:  # a chunk of two rows, so that a batch is several chunks
        monkeypatch.setattr(vocabulary, "CHUNK_BYTES", {"cpu": 2 * 4 * model.config.vocab_size})
    else:
        monkeypatch.setattr(generation, "direct_head", lambda model: None)
    ends = ends_of(model)
    expected = one_by_one(model, prompts(model), ends)
    lengths = {len(answer) for answer in expected}
    assert MOST in lengths and len(lengths) > 2, "the case must hold rows that end early, late and not at all"
    for batch_size in (192, 3):
        found = generate_greedy(
            model, prompts(model), eos_ids=ends, pad_id=0, max_new_tokens=MOST, batch_size=batch_size
        )
        assert found == expected


def test_rows_that_have_ended_leave_the_batch():
    model, _ = tiny_model("llama")
    rows = []
    hook = model.register_forward_pre_hook(lambda m, a, given: rows.append(len(given["input_ids"])), with_kwargs=True)
    try:
        generate_greedy(model, prompts(model), eos_ids=ends_of(model), pad_id=0, max_new_tokens=MOST)
    finally:
        hook.remove()
    mine = rows[-MOST:]
    assert mine[0] == len(LENGTHS) and mine == sorted(mine, reverse=True) and mine[-1] < mine[0]


def test_full_memory_halves_the_batches(monkeypatch):
    model, _ = tiny_model("llama")
    expected = generate_greedy(model, prompts(model), eos_ids={0}, pad_id=0, max_new_tokens=4)
    whole, sizes = generation._generate_batch, []

    def small(model, given, *rest):
        sizes.append(len(given))
        if len(given) > 2:
            raise torch.OutOfMemoryError("full")
        return whole(model, given, *rest)

    monkeypatch.setattr(generation, "_generate_batch", small)
    with pytest.warns(UserWarning, match="out of memory with 8 items"):
        found = generate_greedy(model, prompts(model), eos_ids={0}, pad_id=0, max_new_tokens=4, batch_size=8)
    assert found == expected and sizes == [8, 4, 2, 2, 2, 2]


def test_end_as_the_first_token_is_an_empty_answer():
    model, _ = tiny_model("llama")
    (first,) = generate_greedy(model, [[5, 6]], eos_ids={0}, pad_id=0, max_new_tokens=1)
    assert len(first) == 1
    assert generate_greedy(model, [[5, 6]], eos_ids=set(first), pad_id=0, max_new_tokens=5) == [[]]


def test_pad_token_that_is_an_end_does_no_harm():
    model, _ = tiny_model("qwen2")
    ends = ends_of(model)
    found = generate_greedy(model, prompts(model), eos_ids=ends, pad_id=min(ends), max_new_tokens=MOST)
    assert found == one_by_one(model, prompts(model), ends)


def test_progress_counts_prompts():
    model, _ = tiny_model("llama")
    done = []
    generate_greedy(
        model, prompts(model), eos_ids={0}, pad_id=0, max_new_tokens=2, batch_size=3, on_progress=done.append
    )
    assert done == [3, 3, 2]
    assert generate_greedy(model, [], eos_ids={0}, pad_id=0, max_new_tokens=2) == []


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


def test_answer_that_reaches_the_context_stops_there():
    from transformers import GPT2Config, GPT2LMHeadModel

    torch.manual_seed(0)
    config = GPT2Config(vocab_size=50, n_positions=16, n_embd=8, n_layer=1, n_head=2, bos_token_id=0, eos_token_id=0)
    model = GPT2LMHeadModel(config).eval()  # learned positions: there is none past the context
    answers = generate_greedy(model, [[1] * 12, [2] * 3], eos_ids={49}, pad_id=0, max_new_tokens=40)
    assert [len(answer) for answer in answers] == [16 - 12 + 1, 16 - 3 + 1]


def test_sampled_tokens_are_drawn_by_their_own_uniforms():
    model, _ = tiny_model("llama")
    given, temperature = prompts(model), 0.7
    uniforms = np.random.default_rng(0).random((len(given), 6))
    options = {"temperature": temperature, "eos_ids": {0}, "pad_id": 0}
    found = generate_sampled(model, given, uniforms, **options)
    for prompt, draws, answer in zip(given, uniforms, found, strict=True):
        expected: list[int] = []
        for draw in draws:  # the token at which the cumulated probability passes the draw
            with torch.no_grad():
                logits = model(torch.tensor([[*prompt, *expected]])).logits[0, -1].double()
            reached = np.cumsum(torch.softmax(logits / temperature, -1).numpy())
            token = int(np.argmax(reached > draw))
            if token == 0:
                break
            expected.append(token)
        assert answer == expected
    assert generate_sampled(model, given, uniforms, batch_size=2, **options) == found
    cold = generate_sampled(model, given, uniforms, **(options | {"temperature": 1e-4}))
    assert cold == generate_greedy(model, given, eos_ids={0}, pad_id=0, max_new_tokens=6) != found


def test_rows_by_the_room_for_their_keys_and_values(monkeypatch):
    model, _ = tiny_model("llama")
    config = model.config
    width = config.num_key_value_heads * config.hidden_size // config.num_attention_heads
    token = 2 * config.num_hidden_layers * width * 4  # keys and values, float32
    monkeypatch.setattr(generation, "CACHE_BYTES", 10 * 7 * token)
    assert generation.rows_with_room(model, 10, "cpu") == 7
    assert generation.rows_with_room(model, 1000, "cpu") == 1
    # of a GPU a quarter of its memory, and no more than half of what is free, torch's own reserve included
    monkeypatch.setattr(torch.cuda, "memory_reserved", lambda device: 40 * token)
    monkeypatch.setattr(torch.cuda, "memory_allocated", lambda device: 20 * token)
    for free, expected in ((1000, 1000 // 4 // 10), (180, (180 + 20) // 2 // 10)):
        monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device, free=free: (free * token, 1000 * token))
        assert generation.rows_with_room(model, 10, "cuda") == expected


@pytest.mark.parametrize(("name", "value"), [("CACHE_BYTES", 1), ("READ_AT_ONCE", {"cpu": 2 * max(LENGTHS)})])
def test_room_decides_the_batches(name, value, monkeypatch):
    model, _ = tiny_model("llama")
    expected = generate_greedy(model, prompts(model), eos_ids={0}, pad_id=0, max_new_tokens=4)
    monkeypatch.setattr(generation, name, value)
    done = []
    found = generate_greedy(model, prompts(model), eos_ids={0}, pad_id=0, max_new_tokens=4, on_progress=done.append)
    assert found == expected and max(done) == (1 if name == "CACHE_BYTES" else 2)
